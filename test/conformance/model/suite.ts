/** @file What every trainable next-item model must do; a model's own test runs this and adds what is special about its paper. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bucketsOf, epochBatches, makeWindows, trainingWindows } from '../../../src/batches/windows.ts'
import type { Dataset, History, Split } from '../../../src/dataset/schema.ts'
import { trainingConfig } from '../../../src/learn/config.ts'
import { trainModel } from '../../../src/learn/loop.ts'
import { nextItemTask } from '../../../src/learn/next-item-task.ts'
import { noisePools } from '../../../src/learn/noise-pools.ts'
import { initialParameters, type ParameterState } from '../../../src/learn/parameters.ts'
import { compileStep, parametersOf, stepGraph } from '../../../src/learn/step.ts'
import { catalogShape, frozenInputs } from '../../../src/models/contract/frozen-inputs.ts'
import type { NextItemDefinition, NextItemModel } from '../../../src/models/contract/model.ts'
import { buildGraph } from '../../../src/onnx/graph.ts'
import { type NextItemScorer, nextItemScorer } from '../../../src/rank/scorer.ts'
import { topItems } from '../../../src/rank/top-items.ts'
import { compile } from '../../../src/runtime/session.ts'
import { readSafetensors } from '../../../src/storage/safetensors.ts'
import { wholeGradient } from '../whole-gradient.ts'
import { ringDataset } from './checkerboard.ts'

/** A model with small settings for the suite. */
export interface Candidate {
  readonly definition: NextItemDefinition<never>
  /** Options that make it small; the rest are its defaults. */
  readonly options: Readonly<Record<string, unknown>>
  /** Epochs within which it must learn the ring. */
  readonly epochs?: number
  /** By default 1e-2. */
  readonly learningRate?: number
  /** Events of each user of the ring, 8 by default; more for a model that learns nothing of histories longer than its windows. */
  readonly steps?: number
}

const runtime = { threads: 1 }

/** The model for a dataset, with what it computes offline from the training rows of {@link lastTwo}. */
export async function buildOn({ definition, options }: Candidate, dataset: Dataset): Promise<NextItemModel> {
  const config = (definition.config as { parse(value: unknown): never }).parse(options)
  const compute = (outputs: Parameters<typeof buildGraph>[0]) => compile(buildGraph(outputs), runtime)
  const made = await definition.offline?.make(config, { dataset, split: lastTwo(dataset), compute })
  return definition.build(config, catalogShape(dataset), made)
}

/** The last two events of each user are validation and test. */
function lastTwo({ events }: Dataset): Split {
  const users = events.start.length - 2
  const ends = Int32Array.from({ length: users }, (_, at) => events.start[at + 2] as number)
  return {
    protocol: 'given',
    trainEnd: Int32Array.from([0, ...ends], (end) => Math.max(0, end - 2)),
    validation: ends.map((end) => end - 2),
    test: ends.map((end) => end - 1),
  }
}

function historyOf(items: readonly number[], { user = 1, behaviors = items.map((_, at) => at % 2) } = {}): History {
  return {
    user,
    item: Int32Array.from(items),
    behavior: Uint8Array.from(behaviors),
    time: Float64Array.from(items.keys(), (at) => 10 * at),
  }
}

async function untrained(candidate: Candidate, dataset: Dataset, seed = 1): Promise<NextItemScorer> {
  const model = await buildOn(candidate, dataset)
  const state = initialParameters(parametersOf(model, anyShape(model, dataset)), seed)
  const parameters = new Map([...state.buffers].map(([name, { values }]) => [name, values]))
  return nextItemScorer({ slug: candidate.definition.slug, model, dataset, parameters, runtime })
}

function anyShape(model: NextItemModel, dataset: Dataset) {
  const windows = trainingWindows(dataset.events, lastTwo(dataset), 'all', model.windows)
  return bucketsOf(windows, model.windows, { batchSize: 4, lengths: [8], seed: 1 })[0]!
}

const scoresOf = async (scorer: NextItemScorer, history: History): Promise<number[]> => [
  ...(await scorer.score([history])),
]

function close(actual: readonly number[], expected: readonly number[], tolerance = 1e-4): void {
  expect(actual.length).toBe(expected.length)
  const far = expected.filter(
    (value, at) => Number.isFinite(value) && !(Math.abs((actual[at] as number) - value) < tolerance),
  )
  expect(far).toEqual([])
}

/** Runs the suite. */
export function conformance(candidate: Candidate): void {
  const { steps = 8 } = candidate
  const dataset = ringDataset({ steps })
  describe(`${candidate.definition.slug} conforms`, () => {
    it('gives finite scores of the right shape, the pad never ranked, for any history', async () => {
      await using scorer = await untrained(candidate, dataset)
      const histories = [
        historyOf([]),
        historyOf([3]),
        historyOf([1, 2, 3, 4, 5]),
        historyOf([1, 1, 1], { behaviors: [0, 0, 0] }),
      ]
      const scores = await scorer.score(histories)
      expect(scores.length).toBe(histories.length * 13)
      for (const [at, score] of scores.entries()) expect(Number.isFinite(score)).toBe(at % 13 !== 0)
      expect(topItems(scores.subarray(0, 13), 20).map(({ item }) => item)).not.toContain(0)
    })

    it('scores a history alike alone and in a batch with longer ones', async () => {
      await using scorer = await untrained(candidate, dataset)
      const short = historyOf([4, 5, 6])
      const alone = await scoresOf(scorer, short)
      const long = historyOf(Array.from({ length: 20 }, (_, at) => 1 + (at % 12)))
      close([...(await scorer.score([long, short]))].slice(13, 26), alone)
    })

    it('computes the gradient that finite differences find, for every parameter', async () => {
      await checkGradients(await buildOn(candidate, dataset), dataset)
    })

    it('learns the ring, repeats itself to the byte, and scores the same after loading', async () => {
      const first = await trainRing(candidate, dataset, 5)
      const again = await trainRing(candidate, dataset, 5)
      const other = await trainRing(candidate, dataset, 6)
      expect(first.bytes.equals(again.bytes)).toBe(true)
      expect(first.bytes.equals(other.bytes)).toBe(false)
      expect(first.hits).toBeGreaterThan(0.9)
    })

    it('builds and scores without pictures and titles', async () => {
      await using scorer = await untrained(candidate, ringDataset({ steps, modalities: false }))
      expect((await scoresOf(scorer, historyOf([1, 2, 3]))).slice(1).every(Number.isFinite)).toBe(true)
    })
  })
}

async function trainRing(
  candidate: Candidate,
  dataset: Dataset,
  seed: number,
): Promise<{ bytes: Buffer; hits: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'ring-'))
  try {
    const model = await buildOn(candidate, dataset)
    const { epochs = 60, learningRate = 1e-2 } = candidate
    const training = trainingConfig.parse({ epochs, patience: epochs, batchSize: 16, learningRate, seed, threads: 1 })
    const split = lastTwo(dataset)
    const task = nextItemTask({ slug: candidate.definition.slug, model, training, dataset, split })
    await trainModel({ task, training, dataset, folder, fingerprint: 'ring' })
    const file = join(folder, 'model.safetensors')
    const parameters = new Map(
      Object.entries(readSafetensors(file).tensors).map(([name, { data }]) => [name, data as Float32Array]),
    )
    await using scorer = await nextItemScorer({ slug: candidate.definition.slug, model, dataset, parameters, runtime })
    let hits = 0
    for (let user = 1; user <= 12; user++) {
      const row = split.test[user - 1] as number
      const start = dataset.events.start[user] as number
      const { item, behavior, time } = dataset.events
      const history = {
        user,
        item: item.subarray(start, row),
        behavior: behavior.subarray(start, row),
        time: time.subarray(start, row),
      }
      if (topItems(await scorer.score([history]), 1)[0]?.item === item[row]) hits++
    }
    return { bytes: readFileSync(file), hits: hits / 12 }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function checkGradients(model: NextItemModel, dataset: Dataset): Promise<void> {
  const split = lastTwo(dataset)
  const windows = trainingWindows(dataset.events, split, 'all', model.windows)
  const settings = { batchSize: 4, lengths: [8], seed: 1 }
  const buckets = bucketsOf(windows, model.windows, settings)
  const batch = makeWindows(
    windows,
    epochBatches(windows, model.windows, buckets, settings, 1)[0]!,
    model.windows,
    1,
    1,
  )
  const shape = buckets[0]!
  const state = initialParameters(parametersOf(model, shape), 1)
  liven(state)
  const graph = stepGraph(model, shape)
  await using step = await compileStep({
    model,
    step: graph,
    state,
    frozen: frozenInputs(dataset, model),
    pools: noisePools(1),
    seed: 1,
    runtime,
  })
  const lossNow = async (): Promise<number> => (await step.run(batch, 1)).loss
  await lossNow()
  const gradients = new Map(step.gradients.map((parts) => [parts.name, wholeGradient(state, parts)]))
  for (const [name, { values }] of state.buffers) {
    const gradient = gradients.get(name) as Float32Array
    const largest = gradient.reduce(
      (best, value, at) => (Math.abs(value) > Math.abs(gradient[best] as number) ? at : best),
      0,
    )
    const kept = values[largest] as number
    const nudge = 2e-3
    values[largest] = kept + nudge
    const above = await lossNow()
    values[largest] = kept - nudge
    const below = await lossNow()
    values[largest] = kept
    const numeric = (above - below) / (2 * nudge)
    const analytic = gradient[largest] as number
    expect(Math.abs(numeric - analytic), `${name}[${largest}]: ${analytic} against ${numeric}`).toBeLessThan(
      2e-3 + 0.03 * Math.abs(numeric),
    )
  }
}

/** Zeros hide gradients: every parameter gets some noise. */
function liven({ buffers }: ParameterState): void {
  for (const [name, { values }] of buffers)
    for (let at = 0; at < values.length; at++) values[at] = (values[at] as number) + 0.1 * Math.sin(at + name.length)
}
