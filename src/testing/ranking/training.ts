/** @file Training on the ring of items. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dataset, History, Split } from '../../dataset/schema.ts'
import { topItems } from '../../dataset/top-items.ts'
import { Bug } from '../../errors.ts'
import { type TrainingConfig, trainingConfig } from '../../learn/config.ts'
import { learnedOf } from '../../learn/learned.ts'
import { trainModel } from '../../learn/loop.ts'
import { stagesOf } from '../../learn/objectives.ts'
import type { TrainingEvent } from '../../learn/training-run.ts'
import { rankingValidation } from '../../learn/validation.ts'
import { type NextItemScorer, nextItemScorer } from '../../rank/scorer.ts'
import { readSafetensors } from '../../storage/safetensors.ts'
import { keptPools } from '../kept-pools.ts'
import { buildOn, knownOf, lastTwo, type RankingCandidate, runtime, vocabularyOf } from './candidate.ts'

/** How a ring is trained. */
interface RingTraining {
  readonly seed: number
  readonly epochs?: number
  /** Stops after so many steps and goes on, each time. */
  readonly stops?: readonly number[]
  /** Stops for good when validation cannot become better. */
  readonly untilPerfect?: boolean
  /** Other options of training, by name. */
  readonly options?: Partial<TrainingConfig>
}

/** What came of a training on the ring. */
interface TrainedRing {
  /** Of the model, and of the checkpoint. */
  readonly bytes: Buffer
  readonly checkpoint: Buffer
  /** The share of users whose last event ranks first, by the model as it was written. */
  readonly hits: () => Promise<number>
}

/** Trains on the ring. @throws Bug where a stop never came */
export async function trainRing(
  candidate: RankingCandidate,
  dataset: Dataset,
  { seed, epochs = candidate.epochs ?? 60, stops = [], untilPerfect = false, options = {} }: RingTraining,
): Promise<TrainedRing> {
  const folder = mkdtempSync(join(tmpdir(), 'ring-'))
  try {
    const { slug } = candidate.definition
    const { learningRate = 1e-2 } = candidate
    const training = trainingConfig.parse({
      epochs,
      patience: epochs,
      batchSize: 16,
      learningRate,
      seed,
      threads: 1,
      ...options,
    })
    const split = lastTwo(dataset)
    const vocabulary = vocabularyOf(dataset)
    const train = async (resume: boolean, isEnd: (event: TrainingEvent, steps: number) => boolean) => {
      const model = await buildOn(candidate, dataset)
      const controller = new AbortController()
      let steps = 0
      return trainModel({
        slug,
        model,
        data: { dataset, split },
        frozen: knownOf(model, dataset),
        validation: rankingValidation({ slug, model, dataset, split, seed, vocabulary, runtime }),
        training,
        pools: keptPools(seed),
        runtime,
        folder,
        fingerprint: 'ring',
        resume,
        signal: controller.signal,
        report(event) {
          if (event.kind === 'batch') steps++
          if (isEnd(event, steps)) controller.abort()
        },
      })
    }
    for (const [at, stop] of stops.entries()) {
      const { status } = await train(at > 0, (_, steps) => steps === stop)
      if (status !== 'interrupted') throw new Bug(`a training on the ring ended before stop ${at + 1}`)
    }
    // A stage before the last one is no end, and a value that is not above the best so far writes no model.
    const isPerfect = (event: TrainingEvent) => untilPerfect && event.kind === 'epoch' && event.validation === 1
    const model = await buildOn(candidate, dataset)
    await train(stops.length > 0, (event) => stagesOf(model).length === 1 && isPerfect(event))
    const file = join(folder, 'model.safetensors')
    const learned = learnedOf(model, { path: file, tensors: readSafetensors(file).tensors })
    return {
      bytes: readFileSync(file),
      checkpoint: readFileSync(join(folder, 'checkpoint.safetensors')),
      async hits() {
        await using scorer = await nextItemScorer({ slug, model, dataset, ...learned, vocabulary, runtime })
        return hitsOf(scorer, dataset, split)
      },
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function hitsOf(scorer: NextItemScorer, { events }: Dataset, { test }: Split): Promise<number> {
  let hits = 0
  for (let user = 1; user <= 12; user++) {
    const row = test[user - 1] as number
    const start = events.start[user] as number
    const [item, behavior, time] = [events.item, events.behavior, events.time].map((column) =>
      column.subarray(start, row),
    )
    const history = { user, item, behavior, time } as History
    if (topItems(await scorer.score([history]), 1)[0]?.item === events.item[row]) hits++
  }
  return hits / 12
}
