import { describe, expect, it } from 'vitest'
import { type Trained, trainPlanted } from '../../../../test/fixtures/planted.ts'
import type { Dataset, History } from '../../../dataset/schema.ts'
import { topItems } from '../../../dataset/top-items.ts'
import { stagesOf } from '../../../learn/objectives.ts'
import { initialParameters, valuesOf } from '../../../learn/parameters.ts'
import { parametersOf } from '../../../learn/step.ts'
import { randomStream } from '../../../random/stream.ts'
import { answeringEmpty } from '../../../rank/empty-histories.ts'
import { nextItemScorer } from '../../../rank/scorer.ts'
import { nodeRuntime } from '../../../runtime/node.ts'
import { bareCatalog } from '../../../testing/bare-catalog.ts'
import { conformance, lastTwo } from '../../../testing/ranking/index.ts'
import { historyOf } from '../../../testing/ranking/scores.ts'
import { type TinyEvent, tinyDataset, tinyField } from '../../../testing/tiny-dataset.ts'
import { catalogShape } from '../../contract/catalog.ts'
import { parseOptions } from '../../contract/options.ts'
import { cmclrec } from './cmclrec.ts'

const small = { hiddenSize: 8, maxLength: 32, heads: 2, layers: 1, dropout: 0, coldEvents: 3, simulated: 3 }
conformance({
  definition: cmclrec,
  options: { ...small, mappingEpochs: 2, minimumCount: 1 },
  epochs: 24,
  skips: { behaviors: 'it is blind to them', modalities: 'it reads fields of users, and contents in the tests below' },
  extend: (ring) => ({
    ...ring,
    users: {
      fields: { town: tinyField(Array.from({ length: 48 }, (_, at) => 1 + (at % 3))) },
      numbers: { age: Float32Array.from({ length: 49 }, (_, at) => (at === 7 ? Number.NaN : at)) },
    },
  }),
})

const ofItem = (item: number): number[] => [Math.cos(item), Math.sin(item), Math.cos(2 * item)]
/** Four types of users, told by two fields; each type has items of its own. Some users have no training event. */
const planted = (() => {
  const [types, each, warm, cold, steps] = [4, 15, 160, 60, 6]
  const random = randomStream(1, 'types')
  const itemOf = (user: number): number => 1 + (user % types) + types * random.integer(each)
  const users = Array.from({ length: warm + cold }, (_, at) => at + 1)
  const events = users.flatMap((user) =>
    Array.from({ length: 2 + (user > warm ? 0 : steps) }, (_, step): TinyEvent => [user, itemOf(user), 'click', step]),
  )
  const log = tinyDataset({ events, items: types * each, behaviors: ['click'], candidates: 'all' })
  const withUsers = (order: readonly number[]): Dataset => ({
    ...log,
    users: {
      fields: {
        town: tinyField(order.map((user) => 1 + (user % 2))),
        plan: tinyField(order.map((user) => 1 + (Math.floor(user / 2) % 2))),
      },
      numbers: {},
    },
  })
  const mixed = Array.from(randomStream(2, 'mixed').shuffle(Int32Array.from(users)))
  return { told: withUsers(users), mixed: withUsers(mixed), cold: users.slice(warm) }
})()

const tiny = { hiddenSize: 16, layers: 1, heads: 1, dropout: 0.1, maxLength: 12, simulated: 5 }
const trained = (options: object, dataset: Dataset): Promise<Trained> =>
  trainPlanted(cmclrec, { ...tiny, ...options }, dataset, { epochs: 8, learningRate: 1e-2 })

/** The share of users without a history whose first item is among ten, and popularity's. */
async function hits({ scorer }: Trained, dataset: Dataset): Promise<{ own: number; popular: number }> {
  const nobody = (user: number): History => ({ ...historyOf([]), user })
  const shareOf = async (asked: typeof scorer): Promise<number> => {
    let found = 0
    for (const user of planted.cold) {
      const target = dataset.events.item[dataset.events.start[user] as number]
      if (topItems(await asked.score([nobody(user)]), 10).some(({ item }) => item === target)) found++
    }
    return found / planted.cold.length
  }
  const split = lastTwo(dataset)
  return {
    own: await shareOf(answeringEmpty(scorer, dataset, split)),
    popular: await shareOf(answeringEmpty({ ...scorer, answersUsers: false }, dataset, split)),
  }
}

describe('CMCLRec on planted types of users', () => {
  it.each([
    ['items', {}],
    ['neighbors', { generate: 'neighbors' }],
    ['without contrast', { withoutContrast: true }],
    ['adapted', { adapt: true }],
  ])('knows what somebody of a type takes first, whatever it simulates: %s', async (_, options) => {
    await using whole = await trained(options, planted.told)
    const { own, popular } = await hits(whole, planted.told)
    expect(own).toBeGreaterThan(3 * popular)
    expect(whole.memory['mapping.learned']?.data[0]).toBe(1)
  })

  it('knows no more than popularity by the fields of others, and without the mapping', async () => {
    await using mixed = await trained({}, planted.mixed)
    const { own, popular } = await hits(mixed, planted.mixed)
    expect(own).toBeLessThan(1.8 * popular)
    await using bare = await trained({ withoutMapping: true }, planted.told)
    const without = await hits(bare, planted.told)
    expect(without.own).toBe(without.popular)
  })
})

describe('CMCLRec by what first items look like', () => {
  const features = {
    image: Array.from({ length: 12 }, (_, at) => (at === 4 ? null : ofItem(at))),
    text: Array.from({ length: 12 }, (_, at) => (at === 2 ? null : ofItem(2 * at))),
  }
  const events = Array.from({ length: 48 }, (_, at) => at).flatMap((user) =>
    Array.from({ length: 8 }, (_, step): TinyEvent => [user + 1, 1 + ((user + step) % 12), 'click', 10 * step]),
  )
  const dataset = tinyDataset({ events, candidates: 'all', behaviors: ['click'], features })
  const options = { ...small, adapt: true, mappingEpochs: 40, minimumCount: 1 }

  it('makes up histories of those who did something, and those of the backbone are as they were', async () => {
    await using whole = await trainPlanted(cmclrec, options, dataset, { epochs: 2 })
    const { model, memory, parameters } = whole
    expect(model.answersUsers).toBe(false)
    const parts = { slug: 'cmclrec', dataset, parameters, memory, runtime: nodeRuntime({ threads: 1 }) }
    const bareModel = cmclrec.build(cmclrec.config.parse({ ...small, withoutMapping: true }), catalogShape(dataset))
    await using bare = await nextItemScorer({ ...parts, model: bareModel })
    const asked = [historyOf([]), historyOf([3]), historyOf([5]), historyOf([1, 2, 3]), historyOf([1, 2, 3, 4])]
    const [own, plain] = [await whole.scorer.score(asked), await bare.score(asked)]
    const far = asked.map((_, row) => {
      const differences = own
        .subarray(13 * row + 1, 13 * (row + 1))
        .map((score, at) => score - (plain[13 * row + 1 + at] as number))
      return Math.max(...differences.map(Math.abs))
    })
    expect(far.map((most) => most > 1e-3)).toEqual([false, true, true, true, false])
    // Epochs of the mapping without a better rank, if it did not come to its last.
    const rank = memory['mapping.rank']?.data as Float32Array
    expect(rank[0]).toBeGreaterThanOrEqual(1)
    expect(rank[1]).toBeLessThanOrEqual(10)
    const states = memory['mapping.states']?.data as Float32Array
    expect(Math.max(...states.subarray(0, 8))).toBe(0)
    expect(Math.max(...states.subarray(8, 16))).toBeGreaterThan(0)
  })

  it('is over after ten epochs without a better rank', () => {
    const { stages, memory = {} } = cmclrec.build(cmclrec.config.parse(options), catalogShape(dataset))
    const isOver = (since: number): boolean | undefined =>
      stages?.[1]?.isOver?.({ ...memory, 'mapping.rank': { shape: [2], data: Float32Array.of(3, since) } })
    expect(stages?.map(({ name }) => name)).toEqual(['backbone', 'mapping', 'adapt'])
    expect([isOver(9), isOver(10)]).toEqual([false, true])
  })
})

describe('CMCLRec’s options', () => {
  const parse = (options: object) => parseOptions('cmclrec', cmclrec.config, options)
  const lacks = (options: object, shape: object) =>
    cmclrec.lacks?.(parse(options), bareCatalog({ itemCount: 3, ...shape }))

  it('say what the data lack', () => {
    expect(lacks({}, {})).toEqual(['user fields'])
    expect(lacks({ profile: 'content' }, {})).toEqual(['user fields'])
    expect(lacks({ withoutMapping: true }, {})).toEqual([])
    expect(lacks({}, { userFields: { town: 3 } })).toEqual([])
    expect(lacks({}, { userNumbers: 1 })).toEqual([])
  })

  it('refuse what makes no sense, in a sentence', () => {
    expect(() => parse({ temperature: 0 })).toThrow(
      'cmclrec.temperature: invalid: 0, expected a number from 0.01 to 10',
    )
    expect(() => parse({ profile: 'id' })).toThrow('cmclrec.profile: invalid: "id", expected one of fields, content')
    expect(() => parse({ heads: 3 })).toThrow('must divide hiddenSize')
    expect(() => parse({ generate: 'neighbors', withoutContrast: true })).toThrow(
      'cmclrec.generate: invalid: "neighbors"',
    )
    expect(() => cmclrec.build(parse({}), bareCatalog({ itemCount: 3 }))).toThrow(
      'cmclrec: missing: nothing known of users, and no item with a picture or text, expected',
    )
    expect(cmclrec.build(parse({ withoutMapping: true }), bareCatalog({ itemCount: 3 })).stages).toBeUndefined()
  })

  it('simulate no more items than there are', async () => {
    const few = tinyDataset({
      events: [
        [1, 1, 'click', 1],
        [1, 2, 'click', 2],
      ],
      behaviors: ['click'],
      features: { text: [[1], [2]] },
    })
    const model = cmclrec.build(parse({ ...small, simulated: 50, coldEvents: 3 }), catalogShape(few))
    const parameters = valuesOf(
      initialParameters(parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives)), 1),
    )
    const parts = { slug: 'cmclrec', model, dataset: few, parameters, memory: model.memory ?? {} }
    await using scorer = await nextItemScorer({ ...parts, runtime: nodeRuntime({ threads: 1 }) })
    const scores = await scorer.score([historyOf([1, 2]), historyOf([])])
    expect([...scores].filter((score) => !Number.isFinite(score))).toHaveLength(2)
  })
})
