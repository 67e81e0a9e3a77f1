import { afterAll, describe, expect, it } from 'vitest'
import type { TrainingBatch, TrainingData } from '../../batches/kind.ts'
import type { Window } from '../../batches/windows.ts'
import type { Dataset, History } from '../../dataset/schema.ts'
import { stagesOf } from '../../learn/objectives.ts'
import { initialParameters, type ParameterState, valuesOf } from '../../learn/parameters.ts'
import { compileStep, parametersOf, stepGraph } from '../../learn/step.ts'
import { randomStream } from '../../random/stream.ts'
import { nextItemScorer } from '../../rank/scorer.ts'
import { keepingRuntime } from '../../runtime/node.ts'
import { keptPools } from '../../testing/kept-pools.ts'
import { buildOn, conformance } from '../../testing/ranking/index.ts'
import { expectSlope } from '../../testing/slope.ts'
import { type TinyEvent, tinyDataset } from '../../testing/tiny-dataset.ts'
import { catalogInputs } from '../contract/catalog.ts'
import type { BuiltModel, DotScore, ItemScores, Objective } from '../contract/model.ts'
import { parseOptions } from '../contract/options.ts'
import { sgp4srConfig } from './config.ts'
import { sgp4sr } from './sgp4sr.ts'

/** Most variants are compiled by several tests, and each runs a few times. */
const runtime = keepingRuntime({ threads: 1, optimize: false })
afterAll(() => runtime.release())
const small = { hiddenSize: 8, maxLength: 12, dropout: 0, neighbors: 3, centers: 4 }
conformance({
  definition: sgp4sr,
  options: { ...small, hiddenSize: 16, maxLength: 16 },
  epochs: 20,
  skips: {
    behaviors: 'it is blind to them',
    'permuted items': 'neighbors that tie, and the first centers of k-means, go by the item index',
  },
})

const stream = randomStream(8)
const vectors = (missing: number) =>
  Array.from({ length: 9 }, (_, at) => (at === missing ? null : Array.from({ length: 5 }, () => stream.normal())))
function shop(modalities: readonly string[] = ['image', 'text']): Dataset {
  const event = (user: number, at: number): TinyEvent => [
    user,
    1 + ((user * 3 + at * at) % 9),
    ['click', 'favorite'][(at + user) % 2] as string,
    at,
  ]
  const events = [1, 2, 3, 4].flatMap((user) => Array.from({ length: 8 }, (_, at) => event(user, at)))
  return tinyDataset({
    events,
    items: 9,
    features: Object.fromEntries(modalities.map((modality, at) => [modality, vectors(2 + at)])),
  })
}

const historyOf = ({ events }: Dataset, user: number, length = 8): History => {
  const start = events.start[user] as number
  const [item, behavior, time] = [events.item, events.behavior, events.time].map((column) =>
    column.slice(start, start + length),
  )
  return { user, item, behavior, time } as History
}
const windowsOf = (dataset: Dataset, prefixes: readonly number[] = [1, 3, 4, 6]): Window[] =>
  [1, 2, 3].map((user) => ({
    history: historyOf(dataset, user, 6),
    targets: prefixes.map((prefix, at) => ({
      item: 1 + ((user + at) % 9),
      behavior: 1,
      prefix,
      weight: at === 0 ? 0.3 : 1,
    })),
  }))
const shape = { rows: 4, length: 7, targets: 14, targetsPerRow: 4 }
const build = (options: object, dataset: Dataset): Promise<BuiltModel> =>
  buildOn({ definition: sgp4sr, options: { ...small, ...options } }, dataset)
const objectivesOf = (model: BuiltModel): readonly Objective[] =>
  stagesOf(model).flatMap(({ objectives }) => objectives)
const compiled = (model: BuiltModel, dataset: Dataset, state: ParameterState) => {
  const [objective] = objectivesOf(model) as [Objective]
  return compileStep({
    step: stepGraph(objective, shape),
    state,
    frozen: catalogInputs(dataset, { own: model.frozen ?? {} }),
    pools: keptPools(1),
    seed: 1,
    runtime,
  })
}
const batchOf = (model: BuiltModel, windows: readonly Window[]): Pick<TrainingBatch, 'fill'> => ({
  fill(buffers, random) {
    model.batches.fill(windows as never, shape, buffers, { random, data: {} as TrainingData })
    return windows.reduce((sum, { targets }) => sum + targets.length, 0)
  },
})

/** First values away from zero, where the centers differ and the attention tells positions apart. */
function livened(model: BuiltModel): ParameterState {
  const state = initialParameters(parametersOf(objectivesOf(model)), 2)
  for (const { values } of state.buffers.values())
    for (const [at, value] of values.entries()) values[at] = value + 0.4 * Math.sin(7 * at)
  return state
}

const scorerOf = (model: BuiltModel, dataset: Dataset, state: ParameterState) =>
  nextItemScorer({ slug: 'sgp4sr', model, dataset, parameters: valuesOf(state), runtime })

const variants: readonly { readonly name: string; readonly options: object; readonly dataset?: Dataset }[] = [
  { name: 'its defaults', options: {} },
  { name: 'dropout', options: { dropout: 0.3 } },
  { name: 'one block for all streams', options: { sharedLayers: true } },
  { name: 'one layer and more heads', options: { layers: 1, heads: 4 } },
  { name: 'three layers and a cooler choice', options: { layers: 3, temperature: 0.3 } },
  { name: 'centers as printed', options: { centerLayers: 'printed' } },
  { name: 'inputs as printed', options: { inputScale: 'none' } },
  { name: 'no co-occurrence', options: { withoutCoOccurrence: true } },
  { name: 'no graphs', options: { withoutGraphs: true } },
  { name: 'no centers', options: { withoutCenters: true } },
  { name: 'k of 0', options: { centers: 0 } },
  { name: 'fused modalities', options: { withoutSeparation: true } },
  { name: 'fused modalities without graphs', options: { withoutSeparation: true, withoutGraphs: true } },
  { name: 'neither graphs nor centers', options: { withoutBoth: true } },
  { name: 'text alone', options: {}, dataset: shop(['text']) },
  { name: 'ids alone', options: {}, dataset: shop([]) },
  { name: 'ids alone without graphs', options: { withoutGraphs: true }, dataset: shop([]) },
]

describe('sgp4sr', () => {
  it.each(variants)(
    'has the gradient of its loss and learns from it with $name',
    async ({ options, dataset = shop() }) => {
      const model = await build(options, dataset)
      const state = livened(model)
      await using step = await compiled(model, dataset, state)
      const lossNow = async (): Promise<number> => (await step.run(batchOf(model, windowsOf(dataset)), 1)).loss
      await expectSlope(step, state, lossNow)
    },
  )

  it.each(variants)(
    'reads nothing that came after a target, noise and all, with $name',
    async ({ options, dataset = shop() }) => {
      const model = await build(options, dataset)
      await using step = await compiled(model, dataset, livened(model))
      const early = windowsOf(dataset, [1, 3])
      const changed = (from: number): Window[] =>
        early.map(({ history, targets }) => ({
          targets,
          history: { ...history, item: history.item.map((item, at) => (at >= from ? 1 + (item % 9) : item)) },
        }))
      const expected = await step.run(batchOf(model, early), 1)
      expect(await step.run(batchOf(model, changed(3)), 1)).toEqual(expected)
      const seen = await step.run(batchOf(model, changed(2)), 1)
      for (const [name, part] of Object.entries(expected.parts))
        expect(Math.abs((seen.parts[name] as number) - part)).toBeGreaterThan(1e-4)
    },
  )

  it('serves what it trains: the loss of a last position is that of its scores, but for the noise', async () => {
    const dataset = shop()
    const model = await build({ temperature: 10, alpha: 1, alphaText: 0.4 }, dataset)
    const state = livened(model)
    const score = model.score as DotScore
    const quiet: BuiltModel = {
      ...model,
      score: {
        ...score,
        user: (batch, pass) => score.user(batch, { ...pass, noise: { ...pass.noise, gumbel: () => undefined } }),
      },
    }
    await using step = await compiled(quiet, dataset, state)
    await using scorer = await scorerOf(model, dataset, state)
    let table = { table: new Float32Array(0), width: 0 } as ItemScores
    await using probe = await scorerOf(
      { ...model, explain: (_, __, ___, scores) => ((table = scores), []) },
      dataset,
      state,
    )
    const [window] = windowsOf(dataset, [6]) as [Window]
    const { parts } = await step.run(batchOf(quiet, [window]), 1)
    await probe.explain?.(window.history, [1])
    const reasons = (await scorer.reasons(window.history)) as Record<string, Float32Array>
    const target = window.targets[0]?.item as number
    const sumOf = (rows: Float32Array): Float64Array =>
      Float64Array.from({ length: 8 }, (_, at) =>
        Array.from(rows).reduce((sum, value, index) => (index % 8 === at ? sum + value : sum), 0),
      )
    const scoreOf = (user: ArrayLike<number>, block: number, item: number): number =>
      Array.from(user).reduce(
        (sum, value, at) => sum + value * (table.table[item * table.width + 8 * block + at] as number),
        0,
      )
    const lossOf = (user: ArrayLike<number>, block: number): number => {
      const logits = Array.from({ length: 9 }, (_, at) => scoreOf(user, block, at + 1))
      return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (logits[target - 1] as number)
    }
    const own = (modality: string, rho: number): Float64Array => {
      const centers = sumOf(reasons[`centers.${modality}`] as Float32Array)
      return centers.map((value, at) => (value + (reasons[`stream.${modality}`]?.[at] as number)) / rho)
    }
    expect(lossOf(reasons['fused'] as Float32Array, 0)).toBeCloseTo(parts['multimodal'] as number, 4)
    expect(lossOf(own('image', 0.1), 1)).toBeCloseTo(parts['image'] as number, 4)
    expect(lossOf(own('text', 0.9), 2)).toBeCloseTo(parts['text'] as number, 4)
    const scores = await scorer.score([window.history])
    const whole = (item: number): number =>
      scoreOf(reasons['fused'] as Float32Array, 0, item) +
      0.1 * scoreOf(own('image', 0.1), 1, item) +
      0.9 * scoreOf(own('text', 0.9), 2, item)
    for (const item of [1, 4, 9]) expect(whole(item)).toBeCloseTo(scores[item] as number, 3)
  })

  it('reports the loss of the fused stream by its name, without separation', async () => {
    const dataset = shop()
    const model = await build({ withoutSeparation: true, withoutCenters: true }, dataset)
    const state = livened(model)
    await using step = await compiled(model, dataset, state)
    const [window] = windowsOf(dataset, [6]) as [Window]
    const { loss, parts } = await step.run(batchOf(model, [window]), 1)
    expect(Object.keys(parts)).toEqual(['multimodal', 'fused'])
    await using scorer = await scorerOf(model, dataset, state)
    let table = { table: new Float32Array(0), width: 0 } as ItemScores
    await using probe = await scorerOf(
      { ...model, explain: (_, __, ___, scores) => ((table = scores), []) },
      dataset,
      state,
    )
    await probe.explain?.(window.history, [1])
    // The fused stream's vector meets the second half of a row; L_s has the first.
    const own = (await scorer.reasons(window.history))['stream.fused'] as Float32Array
    const logits = Array.from({ length: 9 }, (_, at) =>
      own.reduce((sum, value, d) => sum + value * (table.table[(at + 1) * table.width + 8 + d] as number), 0),
    )
    const target = window.targets[0]?.item as number
    const expected = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (logits[target - 1] as number)
    expect(parts['fused']).toBeCloseTo(expected, 4)
    expect(loss).toBeCloseTo((parts['multimodal'] as number) + expected, 4)
  })

  it.each([
    [['text'], 'items with texts alone'],
    [[], 'items with neither pictures nor texts'],
  ])('refuses to fuse modalities where there are only %j', async (modalities, value) => {
    await expect(build({ withoutSeparation: true }, shop(modalities))).rejects.toThrow(
      `sgp4sr.withoutSeparation: unsupported: ${value}, expected pictures and texts to fuse`,
    )
  })

  it('tells which modality and which center carried an item', async () => {
    const dataset = shop()
    const model = await build({}, dataset)
    await using scorer = await scorerOf(model, dataset, livened(model))
    for (const { modalities, center } of (await scorer.explain?.(historyOf(dataset, 2), [4, 7])) ?? []) {
      expect(Object.keys(modalities ?? {})).toEqual(['id', 'image', 'text'])
      expect(Object.values(modalities ?? {}).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6)
      expect(center?.share).toBeLessThanOrEqual(modalities?.[center?.modality ?? 'id'] as number)
      expect(center?.index).toBeLessThan(4)
    }
    expect('explain' in (await build({ withoutSeparation: true }, dataset))).toBe(false)
  })

  it('names the event that an item falls furthest without', async () => {
    const dataset = shop()
    const model = await build({}, dataset)
    await using scorer = await scorerOf(model, dataset, livened(model))
    const [item, behavior] = [Int32Array.of(1, 5, 3, 8), new Uint8Array(4)]
    const [user, time] = [2, Float64Array.of(1, 2, 3, 4)]
    const ahead = async (stays: (_: number, at: number) => boolean): Promise<number> => {
      const left = { user, item: item.filter(stays), behavior: behavior.filter(stays), time: time.filter(stays) }
      const scores = (await scorer.score([left])).subarray(1)
      return (scores[3] as number) - scores.reduce((sum, score) => sum + score, 0) / scores.length
    }
    const [told] = (await scorer.explain?.({ user, item, behavior, time }, [4])) ?? []
    const fallen: number[] = []
    for (const [gone] of item.entries()) fallen.push(await ahead((_, at) => at !== gone))
    const first = fallen.indexOf(Math.min(...fallen))
    expect(told?.because?.[0]).toMatchObject({ item: item[first], behavior: behavior[first] })
  })

  it('says in one sentence which options do not fit together', () => {
    const parse = (options: object) => () => parseOptions('sgp4sr', sgp4srConfig, options)
    expect(parse({ heads: 3 })).toThrow(
      'sgp4sr.heads: invalid: 3, expected a whole number from 1 to 64 that must divide hiddenSize',
    )
    expect(parse({ muCoOccurrence: 1, muModal: 1 })).toThrow(
      'sgp4sr.muCoOccurrence: invalid: 1, expected a number from 0 to 1 that must be below muModal',
    )
  })
})
