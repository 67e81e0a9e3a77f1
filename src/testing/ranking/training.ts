/** @file Training on the ring of items. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dataset } from '../../dataset/schema.ts'
import { topItems } from '../../dataset/top-items.ts'
import { trainingConfig } from '../../learn/config.ts'
import { learnedOf } from '../../learn/learned.ts'
import { trainModel } from '../../learn/loop.ts'
import { rankingValidation } from '../../learn/validation.ts'
import { nextItemScorer } from '../../rank/scorer.ts'
import { readSafetensors } from '../../storage/safetensors.ts'

import { buildOn, knownOf, lastTwo, type RankingCandidate, runtime, vocabularyOf } from './candidate.ts'

/** How a ring is trained. */
interface RingTraining {
  readonly seed: number
  readonly epochs?: number
  /** Stops after so many steps, and goes on. */
  readonly stopAt?: number
}

/**
 * Trains on the ring; bytes of the model and of the checkpoint, and the share of users whose last event ranks first.
 */
export async function trainRing(
  candidate: RankingCandidate,
  dataset: Dataset,
  { seed, epochs = candidate.epochs ?? 60, stopAt }: RingTraining,
): Promise<{ bytes: Buffer; checkpoint: Buffer; hits: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'ring-'))
  try {
    const { slug } = candidate.definition
    const { learningRate = 1e-2 } = candidate
    const training = trainingConfig.parse({ epochs, patience: epochs, batchSize: 16, learningRate, seed, threads: 1 })
    const split = lastTwo(dataset)
    const train = async (more: { resume?: boolean; signal?: AbortSignal; report?: () => void }) => {
      const model = await buildOn(candidate, dataset)
      return trainModel({
        slug,
        model,
        data: { dataset, split },
        frozen: knownOf(model, dataset),
        validation: rankingValidation({
          slug,
          model,
          dataset,
          split,
          seed,
          vocabulary: vocabularyOf(dataset),
          runtime,
        }),
        training,
        runtime,
        folder,
        fingerprint: 'ring',
        ...more,
      })
    }
    const controller = new AbortController()
    let steps = -1
    const report = (): void => {
      if (++steps === stopAt) controller.abort()
    }
    const { status } = await train(stopAt === undefined ? {} : { signal: controller.signal, report })
    if (status === 'interrupted') await train({ resume: true })
    const file = join(folder, 'model.safetensors')
    const model = await buildOn(candidate, dataset)
    const learned = learnedOf(model, { path: file, tensors: readSafetensors(file).tensors })
    await using scorer = await nextItemScorer({
      slug,
      model,
      dataset,
      ...learned,
      vocabulary: vocabularyOf(dataset),
      runtime,
    })
    let hits = 0
    for (let user = 1; user <= 12; user++) {
      const row = split.test[user - 1] as number
      const start = dataset.events.start[user] as number
      const { item, behavior, time } = dataset.events
      const views = {
        item: item.subarray(start, row),
        behavior: behavior.subarray(start, row),
        time: time.subarray(start, row),
      }
      if (topItems(await scorer.score([{ user, ...views }]), 1)[0]?.item === item[row]) hits++
    }
    return {
      bytes: readFileSync(file),
      checkpoint: readFileSync(join(folder, 'checkpoint.safetensors')),
      hits: hits / 12,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
