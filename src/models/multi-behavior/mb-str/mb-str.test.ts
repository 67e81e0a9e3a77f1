import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, lossOf, type ModelFixture, type Numbers } from '../../../../test/conformance/model/parity.ts'
import { historyBefore } from '../../../dataset/histories.ts'
import type { Dataset } from '../../../dataset/schema.ts'
import { topItems } from '../../../dataset/top-items.ts'
import { stagesOf } from '../../../learn/objectives.ts'
import { initialParameters, valuesOf } from '../../../learn/parameters.ts'
import { parametersOf } from '../../../learn/step.ts'
import { buildGraph } from '../../../onnx/graph.ts'
import { randomStream } from '../../../random/stream.ts'
import { nextItemScorer } from '../../../rank/scorer.ts'
import type { ParameterValues } from '../../../rank/served-graphs.ts'
import { nodeRuntime } from '../../../runtime/node.ts'
import { gradients } from '../../../tensor/gradient.ts'
import { sizeOf } from '../../../tensor/node.ts'
import { operationsBefore } from '../../../tensor/order.ts'
import { evaluateTensor } from '../../../testing/evaluate-tensor.ts'
import { conformance } from '../../../testing/ranking/index.ts'
import { type TinyEvent, tinyDataset } from '../../../testing/tiny-dataset.ts'
import { trainSmall } from '../../../testing/train-small.ts'
import { catalogShape } from '../../contract/catalog.ts'
import type { DotScore } from '../../contract/model.ts'
import { parseOptions } from '../../contract/options.ts'
import { readUser } from '../../contract/read-user.ts'
import { servingPass } from '../../contract/serving-pass.ts'
import { mbStr } from './mb-str.ts'
import { bucketOf } from './pair-bias.ts'

const small = { hiddenSize: 16, maxLength: 9, heads: 2, layers: 2, dropout: 0 }
conformance({
  definition: mbStr,
  options: { ...small, layers: 1, stride: 4 },
  steps: 16,
  skips: { modalities: 'it reads neither pictures nor texts', causal: 'a mask sees what comes after it' },
})

/** Nothing reads behaviors, or order. */
const blind = { withoutPairs: true, withoutDistances: true, withoutExperts: true }

/** See tools/mb_str_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<
    Record<'batch' | 'length' | 'hidden' | 'heads' | 'layers' | 'behaviors' | 'shared' | 'items', number>
  >
  readonly scores: Numbers
  readonly attention: Numbers
}
const fixtures = JSON.parse(readFileSync('test/fixtures/mb-str.json', 'utf8')) as Record<'whole' | 'plain', Fixture>

describe.each([
  ['whole', {}],
  ['plain', blind],
] as const)('MB-STR, %s', (part, flags) => {
  const fixture = fixtures[part]
  const { batch, length, hidden, heads, layers, shared, items } = fixture.config
  const behaviors = ['click', 'cart', 'favorite']
  const dataset = tinyDataset({ events: [[1, 1, 'click', 0]], items: items - 1, behaviors })
  const sizes = { hiddenSize: hidden, heads, layers, sharedExperts: shared, dropout: 0 }
  const model = mbStr.build(
    mbStr.config.parse({ ...sizes, maxLength: length, maskShare: 2 / length, ...flags }),
    catalogShape(dataset),
  )
  /** A place of its own for the mask behind a window's history. */
  const shape = { rows: batch, length: length - 1, targets: 1 }
  const given = new Map(
    Object.entries(fixture.parameters).map(([name, { values }]) => [name, Float32Array.from(values)]),
  )
  /** The events before the last mask. */
  const history = { user: 1, item: Int32Array.of(1, 7), behavior: Uint8Array.of(1, 0), time: Float64Array.of(1, 2) }
  const far = (found: ArrayLike<number>, wanted: readonly number[]): readonly number[] =>
    wanted.filter((value, at) => !(Math.abs((found[at] as number) - value) < 1e-4))

  it('has PyTorch’s loss and gradients', async () => {
    await expectParity(model, shape, fixture, { prefix: 'cloze.', tolerance: 1e-4 })
  })

  it('has PyTorch’s scores at masks', async () => {
    const { batch: read } = model.batches.declare(shape)
    const score = model.score as DotScore
    const { user } = readUser(score, read, { ...servingPass, training: true })
    const numbers = { ...fixture.parameters, ...fixture.inputs }
    const feeds = Object.fromEntries(
      Object.entries(numbers).map(([name, { values }]) =>
        name in fixture.inputs && name !== 'weights'
          ? [`batch.cloze.${name}`, BigInt64Array.from(values, BigInt)]
          : [name, Float32Array.from(values)],
      ),
    )
    const scores = await evaluateTensor(user.matmul(score.table, { transposeB: true }), feeds)
    expect(scores).toHaveLength(fixture.scores.values.length + items)
    expect(far(scores, fixture.scores.values)).toEqual([])
  })

  it('serves what a mask of the target behavior behind a history has', async () => {
    const parts = { slug: 'mb-str', model, dataset, parameters: given, runtime: nodeRuntime({ threads: 1 }) }
    await using scorer = await nextItemScorer(parts)
    const scores = await scorer.score([history])
    expect(far(scores.subarray(1), fixture.scores.values.slice(-items + 1))).toEqual([])
    const [first, second] = fixture.attention.values.slice(-3) as [number, number]
    const [told] = (await scorer.explain?.(history, [4])) ?? []
    expect(told?.because).toHaveLength(2)
    expect(told?.behaviors?.['cart']).toBeCloseTo(first / (first + second), 4)
    expect(told?.behaviors?.['click']).toBeCloseTo(second / (first + second), 4)
  })

  it('sees no padding', async () => {
    const vectors = [2, 3, 11].map((events) => {
      const shape = { rows: 1, length: events, targets: 0 }
      const { inputs, batch } = model.batches.declare(shape)
      const buffers = Object.fromEntries(
        Object.entries(inputs).map(([name, { shape: sizes }]) => [name, new BigInt64Array(sizeOf(sizes))]),
      )
      model.batches.fill([{ history, targets: [] }] as never, shape, buffers)
      const { user } = readUser(model.score as DotScore, batch, servingPass)
      return evaluateTensor(user, { ...Object.fromEntries(given), ...buffers })
    })
    const [whole, ...padded] = (await Promise.all(vectors)) as [number[], number[], number[]]
    for (const one of padded) expect(far(one, whole)).toEqual([])
  })
})

const pool = 10
const behaviors = ['click', 'favorite'] as const
type Behavior = (typeof behaviors)[number]
/** Items go round, each behavior with steps of its own. */
const after = (item: number, behavior: Behavior): number => 1 + ((item + (behavior === 'click' ? 4 : 6)) % pool)
const planted = { hiddenSize: 16, maxLength: 6, heads: 2, layers: 1, dropout: 0, stride: 3 }
const training = { epochs: 40, learningRate: 2e-2 }
const users = 100

/** Scores of the item after a user's last event of a behavior, when that behavior is asked for. */
async function scorerFor(dataset: Dataset, behavior: Behavior, options: object, parameters: ParameterValues) {
  const catalog = { ...catalogShape(dataset), target: behaviors.indexOf(behavior) }
  const model = mbStr.build(mbStr.config.parse({ ...planted, ...options }), catalog)
  return nextItemScorer({ slug: 'mb-str', model, dataset, parameters, runtime: nodeRuntime({ threads: 1 }) })
}

describe('MB-STR where every behavior goes on from its own last item', () => {
  const random = randomStream(1, 'chains')
  const events: TinyEvent[] = []
  for (let user = 1; user <= users; user++) {
    const last = { click: 1 + random.integer(pool), favorite: 1 + random.integer(pool) }
    for (let time = 0; time < 14; time++) {
      const name = time < 12 && random.uniform() < 0.5 ? 'click' : 'favorite'
      last[name] = after(last[name], name)
      events.push([user, last[name], name, time])
    }
  }
  const dataset = tinyDataset({ events, candidates: 'all' })

  /** The share of users whose next item of a behavior ranks first. */
  async function hits(behavior: Behavior, options: object, parameters: ParameterValues): Promise<number> {
    await using scorer = await scorerFor(dataset, behavior, options, parameters)
    let found = 0
    for (let user = 1; user <= users; user++) {
      const history = historyBefore(dataset.events, user, 12)
      const at = history.behavior.lastIndexOf(behaviors.indexOf(behavior))
      const wanted = after(history.item[at] as number, behavior)
      if (topItems(await scorer.score([history]), 1)[0]?.item === wanted) found++
    }
    return found / users
  }

  it('answers for the behavior that is asked for', async () => {
    const { parameters } = await trainSmall({ definition: mbStr, options: planted }, dataset, training)
    expect(await hits('favorite', {}, parameters)).toBeGreaterThan(0.8)
    expect(await hits('click', {}, parameters)).toBeGreaterThan(0.8)
  })

  it('cannot where nothing reads behaviors', async () => {
    const { parameters } = await trainSmall({ definition: mbStr, options: { ...planted, ...blind } }, dataset, training)
    expect(await hits('favorite', blind, parameters)).toBeLessThan(0.5)
    const history = historyBefore(dataset.events, 1, 12)
    const [clicks, favorites] = await Promise.all(
      behaviors.map(async (behavior) => {
        await using scorer = await scorerFor(dataset, behavior, blind, parameters)
        return [...(await scorer.score([history]))]
      }),
    )
    expect(clicks).toEqual(favorites)
  })
})

describe('MB-STR where a favorite follows the click three events ago', () => {
  const random = randomStream(1, 'three')
  const events: TinyEvent[] = []
  for (let user = 1; user <= 60; user++) {
    const items: number[] = []
    for (let time = 0; time < 15; time++) {
      const name = time % 5 < 3 ? 'click' : 'favorite'
      const item = name === 'click' ? 1 + random.integer(pool) : after(items[time - 3] as number, 'click')
      items.push(item)
      events.push([user, item, name, time])
    }
  }
  const dataset = tinyDataset({ events, candidates: 'all' })
  const ndcg = async (options: object): Promise<number> => {
    const trained = { ...planted, auxiliaryTargets: 0, ...options }
    return (await trainSmall({ definition: mbStr, options: trained }, dataset, training)).ndcg
  }

  it('finds it', async () => expect(await ndcg({})).toBeGreaterThan(0.9))
  it('does not without distances', async () => expect(await ndcg({ withoutDistances: true })).toBeLessThan(0.8))
})

describe('MB-STR’s options', () => {
  const dataset = tinyDataset({ events: [1, 2, 3, 4].map((item): TinyEvent => [1, item, 'click', item]) })
  const parametersFor = (options: object, shape = catalogShape(dataset)): string[] => {
    const model = mbStr.build(mbStr.config.parse({ ...small, ...options }), shape)
    return parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives)).map(({ origin }) => origin.name)
  }

  it('take away pairs, distances and experts', () => {
    const named = (options: object, part: string): number =>
      parametersFor(options).filter((name) => name.includes(part)).length
    expect(['.mix', 'attention.bias', 'head.expert'].map((part) => named({}, part))).toEqual([4, 2, 2])
    expect(['.mix', 'attention.bias', 'head.expert'].map((part) => named(blind, part))).toEqual([0, 0, 0])
  })

  it('have pairs only where there are several behaviors', () => {
    const shape = { ...catalogShape(dataset), behaviors: ['click'], target: 0 }
    expect(parametersFor({}, shape)).toEqual(parametersFor({ withoutPairs: true }, shape))
  })

  it('say nothing of events where a history has none', async () => {
    const model = mbStr.build(mbStr.config.parse(small), catalogShape(dataset))
    const objectives = stagesOf(model).flatMap((stage) => stage.objectives)
    const parameters = valuesOf(initialParameters(parametersOf(objectives), 3))
    const parts = { slug: 'mb-str', model, dataset, parameters, runtime: nodeRuntime({ threads: 1 }) }
    await using scorer = await nextItemScorer(parts)
    const history = historyBefore(dataset.events, 1, 1)
    expect(await scorer.explain?.(history, [2])).toEqual([{ item: 2 }])
  })

  it('are refused in a sentence where they cannot be', () => {
    const parse = (options: object) => () => parseOptions('mb-str', mbStr.config, options)
    expect(parse({ heads: 3 })).toThrow('mb-str.heads: invalid: 3')
    expect(parse({ sharedExperts: 0 })).toThrow(
      'mb-str.sharedExperts: invalid: 0, expected a whole number from 1 to 16',
    )
  })
})

describe('MB-STR’s distances', () => {
  it('have buckets of their own up to 7, and share ever larger ones up to 40, forward and backward', () => {
    // 8 * 5^(k / 8) for k = 1 to 7: 9.8, 12.0, 14.6, 17.9, 21.9, 26.7, 32.7.
    const firsts = [8, 10, 12, 15, 18, 22, 27, 33]
    expect(firsts.map((distance) => bucketOf(-distance))).toEqual([8, 9, 10, 11, 12, 13, 14, 15])
    expect(firsts.slice(1).map((distance) => bucketOf(1 - distance))).toEqual([8, 9, 10, 11, 12, 13, 14])
    expect([0, 1, 7, 40, 999].map((distance) => bucketOf(distance))).toEqual([0, 17, 23, 31, 31])
    expect([-1, -7, -40, -999].map((distance) => bucketOf(distance))).toEqual([1, 7, 15, 15])
  })

  it('make no tensor of all pairs of places and of behaviors, nor do gradients', () => {
    const [rows, length, heads, kinds] = [8, 20, 2, 3]
    const dataset = tinyDataset({ events: [[1, 4, 'c', 0]], behaviors: ['a', 'b', 'c'] })
    const options = { ...small, heads, maxLength: length, maskShare: 0.1 }
    const { loss } = lossOf(mbStr.build(mbStr.config.parse(options), catalogShape(dataset)), {
      rows,
      length: length - 1,
      targets: 1,
    })
    const found = [...gradients(loss, [...buildGraph({ loss }).parameters]).values()]
    const outputs = found.flatMap(({ dense }) => (dense ? [dense] : []))
    const steps = operationsBefore([loss, ...outputs], ({ aliased, inputs }) =>
      (aliased ?? inputs).filter((input) => input !== undefined),
    )
    const sizes = [...steps].flatMap((step) => step.outputs.map(({ shape }) => sizeOf(shape)))
    expect(sizes).toContain(heads * rows * length * length)
    expect(Math.max(...sizes)).toBeLessThan(kinds * heads * rows * length * length)
  })
})
