import { describe, expect, it } from 'vitest'
import { trainPlanted } from '../../../../test/fixtures/planted.ts'
import type { Dataset, History } from '../../../dataset/schema.ts'
import { stagesOf } from '../../../learn/objectives.ts'
import { parametersOf } from '../../../learn/step.ts'
import { randomStream } from '../../../random/stream.ts'
import { bareCatalog } from '../../../testing/bare-catalog.ts'
import { blindToAll, conformance } from '../../../testing/ranking/index.ts'
import { type TinyEvent, tinyDataset, tinyField, withFields } from '../../../testing/tiny-dataset.ts'
import { catalogShape } from '../../contract/catalog.ts'
import { parseOptions } from '../../contract/options.ts'
import { edgeValues, symmetric } from '../../parts/edge-values.ts'
import { explainBehaviors } from './explain.ts'
import { behaviorsOf, meetingsBy } from './graphs.ts'
import { kmclr } from './kmclr.ts'
import { cyclicRate } from './passes.ts'
import { keepChances } from './views.ts'

const forgetsOrder = {
  ...blindToAll,
  causal: 'its rows are pairs, not windows',
  learns: 'it forgets order, which is all that the ring is made of',
} as const
const random = randomStream(1, 'fields')
const fieldOf = (values: number) => tinyField(Array.from({ length: 12 }, () => random.integer(values + 1)))
const withTwoFields = (ring: Dataset): Dataset => withFields(ring, { brand: fieldOf(3), category: fieldOf(2) })
conformance({
  definition: kmclr,
  options: { hiddenSize: 6, maxLength: 8, layers: 2 },
  extend: withTwoFields,
  skips: forgetsOrder,
})

// The last two events of a user are held out, so that user 3 has none to train on.
const events: TinyEvent[] = [
  ...[1, 2, 3].map((item): TinyEvent => [1, item, 'click', item]),
  ...[2, 4, 5, 6].map((item): TinyEvent => [1, item, 'favorite', 10 + item]),
  ...[4, 1, 3, 5].map((item, at): TinyEvent => [2, item, 'favorite', at]),
  ...[3, 4].map((item): TinyEvent => [3, item, 'click', item]),
]
const dataset = tinyDataset({ events })
const split = {
  protocol: 'given',
  trainEnd: Int32Array.of(0, 5, 9, 11),
  validation: new Int32Array(),
  test: new Int32Array(),
} as const
const historyOf = (
  user: number,
  items: readonly number[],
  behaviors: readonly number[] = items.map(() => 1),
): History => ({
  user,
  item: Int32Array.from(items),
  behavior: Uint8Array.from(behaviors),
  time: Float64Array.from(items.keys()),
})

describe('KMCLR’s graphs', () => {
  it('hold each pair of a behavior once, of training alone', () => {
    const { start, column } = meetingsBy(1, { dataset, split })
    expect([...start]).toEqual([0, 0, 2, 4, 4])
    expect([...column]).toEqual([2, 4, 1, 4])
  })

  it('count edges by the degrees of what is kept', () => {
    const met = meetingsBy(1, { dataset, split })
    const [one, half] = [Math.fround(Math.SQRT1_2), 0.5]
    expect([...edgeValues(met, symmetric)]).toEqual([0, one, half, one, half])
    // Without the edge of user 1 and item 4 only one is left of each but of user 2.
    expect([...edgeValues(met, symmetric, (edge) => edge !== 1)]).toEqual([0, 1, 0, one, one])
  })

  it('are of every behavior, the target last, or of the target alone', () => {
    const catalog = { behaviors: ['click', 'cart', 'buy'], target: 1 }
    expect(behaviorsOf({ withoutAuxiliary: false }, catalog)).toEqual([0, 2, 1])
    expect(behaviorsOf({ withoutAuxiliary: true }, catalog)).toEqual([1])
  })

  it('keep edges of views by how likely and steady they are, between leastKept and always', () => {
    const met = meetingsBy(1, { dataset, split })
    // p . x is ln of 1, 3 and 4 for items 1, 2 and 4, which are 8 together: m is 1/8, 3/8 and, half as steady, 2/8.
    const likely = {
      users: Float32Array.of(0, 1, 1, 1),
      items: Float32Array.of(0, 0, Math.log(3), -99, Math.log(4), -99, -99),
      total: new Float32Array(3).fill(Math.log(8)),
      stability: Float32Array.of(0, 1, 1, 1, 0.5, 1, 1),
      least: Float32Array.of(1 / 8),
      most: Float32Array.of(3 / 8),
    }
    const chances = [...keepChances(met, { leastKept: 0.6 }, likely)]
    expect(chances.map((one) => one.toFixed(4))).toEqual(['1.0000', '0.8000', '0.6000', '0.8000'])
  })
})

describe('KMCLR’s passes', () => {
  const names = (options: object, of = withFields(dataset, { brand: tinyField([1, 2, 1, 2, 0, 1]) })): string[] =>
    stagesOf(kmclr.build(kmclr.config.parse(options), catalogShape(of))).flatMap(({ objectives }) =>
      objectives.map(({ name }) => name),
    )
  it('are four in turn, or one, and those of triples need fields', () => {
    expect(names({})).toEqual(['transr', 'tatec', 'knowledge', 'behaviors'])
    expect(names({ passes: 'joint' })).toEqual(['train'])
    expect(names({}, dataset)).toEqual(['knowledge', 'behaviors'])
    expect(names({ withoutKnowledge: true })).toEqual(['behaviors'])
  })

  it('of the behavior side train nothing of the other, at a rate that rises for 5 epochs and falls for 10', () => {
    const model = kmclr.build(kmclr.config.parse({}), catalogShape(dataset))
    const [behaviors] = stagesOf(model)[0]?.objectives.slice(-1) ?? []
    expect(behaviors?.trains?.('item')).toBe(true)
    expect(behaviors?.trains?.('known.user')).toBe(false)
    const rates = [1, 2, 6, 7, 11, 16, 17, 21].map((epoch) => cyclicRate(epoch, 5))
    expect(rates.map((rate) => rate.toFixed(2))).toEqual([
      '1.00',
      '1.80',
      '5.00',
      '4.60',
      '3.00',
      '1.00',
      '1.80',
      '5.00',
    ])
    expect(behaviors?.rateOf?.('item', 6)).toBe(5)
  })
})

describe('KMCLR without fields of items', () => {
  it('says so, unless it does not read them', () => {
    const bare = catalogShape(dataset)
    const lacks = (options: object, catalog = bare) => kmclr.lacks?.(kmclr.config.parse(options), catalog)
    expect(lacks({})).toEqual(['categorical fields of items'])
    expect(lacks({ withoutKnowledge: true })).toEqual([])
    expect(lacks({}, bareCatalog({ itemCount: 9, fields: { brand: 4 } }))).toEqual([])
    // One value alone tells nothing.
    expect(lacks({}, bareCatalog({ itemCount: 9, fields: { brand: 2 } }))).toEqual(['categorical fields of items'])
    expect(lacks({ fields: '' }, bareCatalog({ itemCount: 9, fields: { brand: 4 } }))).toEqual([
      'categorical fields of items',
    ])
  })

  it('has no entities, and trains all the same', async () => {
    await using trained = await trainPlanted(kmclr, { hiddenSize: 4, layers: 1 }, dataset, { epochs: 1 })
    expect([...trained.parameters.keys()].filter((name) => /entity|relation|matrix/.test(name))).toEqual([])
    const scores = await trained.scorer.score([historyOf(1, [1])])
    expect([...scores.subarray(1)].every(Number.isFinite)).toBe(true)
  })
})

describe('KMCLR’s users', () => {
  it('without training events are the mean of their items, and others are not', async () => {
    const options = { hiddenSize: 4, layers: 1, withoutKnowledge: true }
    await using trained = await trainPlanted(kmclr, options, dataset, { epochs: 1 })
    const scoresOf = async (user: number, items: readonly number[]): Promise<Float32Array> =>
      (await trained.scorer.score([historyOf(user, items)])).subarray(1)
    expect(await scoresOf(3, [3, 4])).toEqual(await scoresOf(0, [3, 4]))
    expect(await scoresOf(3, [3, 4])).not.toEqual(await scoresOf(3, [1]))
    expect(await scoresOf(1, [3, 4])).toEqual(await scoresOf(1, [1]))
    // They are told no reasons, as are behaviors that a history has not.
    const explain = async (user: number, behaviors: readonly number[]) =>
      (await trained.scorer.explain?.(historyOf(user, [1, 2], behaviors), [5]))?.[0]?.behaviors
    expect(await explain(3, [0, 1])).toBeUndefined()
    expect(await explain(1, [1, 1])).toEqual({ favorite: 1 })
    const both = (await explain(1, [0, 1])) ?? {}
    expect(Object.keys(both)).toEqual(['click', 'favorite'])
    expect((both['click'] as number) + (both['favorite'] as number)).toBeCloseTo(1, 6)
  })

  it('are explained by how near an item is to what each behavior says', () => {
    const explain = explainBehaviors([
      { name: 'click', index: 0 },
      { name: 'favorite', index: 1 },
    ])
    // The items' rows are (1, 0), (0, 1) and (2, 2), whose mean is (1, 1).
    const scores = { table: Float32Array.of(0, 0, 1, 0, 0, 1, 2, 2), width: 2 }
    const reasons = { known: Float32Array.of(1), behaviors: Float32Array.of(1, 0, 1, 2) }
    const told = explain(historyOf(1, [1, 2], [0, 1]), [1, 3], reasons, scores)
    // Item 1 is (0, -1) from the mean: 0 and -2. Item 3 is (1, 1): 1 and 3.
    expect(told).toEqual([
      { item: 1, behaviors: { click: 0, favorite: 1 } },
      { item: 3, behaviors: { click: 0.25, favorite: 0.75 } },
    ])
  })
})

describe('KMCLR’s options', () => {
  it('are refused in a sentence where they cannot be', () => {
    const parse = (options: object) => () => parseOptions('kmclr', kmclr.config, options)
    expect(parse({ passes: 'both' })).toThrow('kmclr.passes: invalid: "both", expected one of turns, joint')
    expect(parse({ knowledgeShare: 2 })).toThrow('kmclr.knowledgeShare: invalid: 2, expected a number from 0 to 1')
    const build = () =>
      kmclr.build(kmclr.config.parse({ fields: 'brnd' }), bareCatalog({ itemCount: 9, fields: { brand: 4 } }))
    expect(build).toThrow('kmclr.fields: unknown: "brnd"')
  })

  it('leave a side’s parameters out where it is not read', () => {
    const model = kmclr.build(kmclr.config.parse({ withoutKnowledge: true }), catalogShape(withTwoFields(dataset)))
    const names = parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives)).map(({ origin }) => origin.name)
    expect(names.filter((name) => name.startsWith('known.'))).toEqual([])
    expect(Object.keys(model.memory ?? {})).toEqual(['user.trained'])
  })
})
