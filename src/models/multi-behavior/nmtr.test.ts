import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, lossOf, type ModelFixture, type Numbers } from '../../../test/conformance/model/parity.ts'
import { trainPlanted } from '../../../test/fixtures/planted.ts'
import { historyBefore } from '../../dataset/histories.ts'
import type { Dataset, History } from '../../dataset/schema.ts'
import { stagesOf } from '../../learn/objectives.ts'
import { initialParameters, valuesOf } from '../../learn/parameters.ts'
import { relaidTensors } from '../../learn/relaid.ts'
import { rankingBytes } from '../../learn/serving-memory.ts'
import { parametersOf } from '../../learn/step.ts'
import { randomStream } from '../../random/stream.ts'
import { nextItemScorer } from '../../rank/scorer.ts'
import { nodeRuntime } from '../../runtime/node.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateGradients } from '../../testing/evaluate-tensor.ts'
import { blindToAll, conformance, lastTwo } from '../../testing/ranking/index.ts'
import { type TinyEvent, tinyDataset } from '../../testing/tiny-dataset.ts'
import { type CatalogShape, catalogShape } from '../contract/catalog.ts'
import { parseOptions } from '../contract/options.ts'
import { nmtr } from './nmtr.ts'

const forgetsOrder = {
  ...blindToAll,
  causal: 'its rows are pairs, not windows',
  learns: 'it forgets order, which is all that the ring is made of',
} as const
conformance({ definition: nmtr, options: { hiddenSize: 10, maxLength: 8, negatives: 1 }, skips: forgetsOrder })
conformance({
  definition: nmtr,
  options: { hiddenSize: 8, maxLength: 8, negatives: 1, tower: 'linear' },
  skips: forgetsOrder,
})

/** See tools/nmtr_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<Record<'behaviors' | 'hidden' | 'layers' | 'users' | 'items' | 'auxiliary', number>>
  readonly history: Numbers
  readonly scores: Numbers
}
const fixtures = JSON.parse(readFileSync('test/fixtures/nmtr.json', 'utf8')) as Record<
  'ncf' | 'mlp' | 'gmf' | 'linear',
  Fixture
>
const behaviors = ['click', 'cart', 'buy']

describe.each([
  ['ncf', 'mean'],
  ['mlp', 'sum'],
  ['gmf', 'none'],
  ['linear', 'mean'],
] as const)('NMTR, %s towers and cascade %s', (tower, cascade) => {
  const fixture = fixtures[tower]
  const { hidden, layers, users, items, auxiliary } = fixture.config
  const config = nmtr.config.parse({ hiddenSize: hidden, layers, tower, cascade, lambdaAuxiliary: auxiliary })
  const events = Array.from({ length: items - 1 }, (_, at): TinyEvent => [1 + (at % (users - 1)), at + 1, 'click', at])
  const dataset = tinyDataset({ events, behaviors })

  it('have PyTorch’s loss and gradients', async () => {
    const model = nmtr.build(config, catalogShape(dataset))
    const rows = fixture.inputs['batch.user']?.values.length ?? 0
    await expectParity(model, { rows, length: 50, targets: rows }, fixture, { tolerance: 1e-4 })
  })

  it('have PyTorch’s scores of all items, factored, of users and of somebody never trained on', async () => {
    const model = nmtr.build(config, catalogShape(dataset))
    const values = Object.entries(fixture.parameters).map(
      ([name, { values }]) => [name, Float32Array.from(values)] as const,
    )
    const known = new Float32Array(users).fill(1, 1)
    const memory = { 'user.trained': { shape: [users, 1], data: known } }
    const parts = { slug: 'nmtr', model, dataset, memory, parameters: new Map(values) }
    await using scorer = await nextItemScorer({ ...parts, runtime: nodeRuntime({ threads: 1 }) })
    const histories = Array.from({ length: users }, (_, user) => historyOfItems(user, fixture.history.values))
    // Users 1 and up are known by their vectors, whatever their history; nobody knows user `users`.
    const scores = await scorer.score([{ ...(histories[0] as History), user: users }, ...histories.slice(1)])
    const far = fixture.scores.values.filter(
      (score, at) => at % items > 0 && !(Math.abs((scores[at] as number) - score) < 1e-4),
    )
    expect(far).toEqual([])
  })
})

const historyOfItems = (user: number, items: readonly number[]): History => ({
  user,
  item: Int32Array.from(items),
  behavior: new Uint8Array(items.length),
  time: Float64Array.from(items.keys()),
})

/** Users of four groups click in a group of items each, and favor five good items of it. */
function planted({ users = 60, groups = 4, each = 40, good = 5, clicks = 24, favorites = 4 } = {}): Dataset {
  const random = randomStream(1, 'planted')
  const events: TinyEvent[] = []
  for (let user = 1; user <= users; user++) {
    const itemOf = (at: number): number => 1 + (user % groups) * each + at
    const plain = random.shuffle(Array.from({ length: each - good }, (_, at) => good + at)).slice(0, clicks)
    const favored = random.shuffle(Array.from({ length: good }, (_, at) => at)).slice(0, favorites)
    for (const [time, at] of plain.entries()) events.push([user, itemOf(at), 'click', time])
    for (const [time, at] of favored.entries()) {
      // The last two are held out, and the clicks with them.
      if (time < favorites - 2) events.push([user, itemOf(at), 'click', clicks + time])
      events.push([user, itemOf(at), 'favorite', clicks + time])
    }
  }
  return tinyDataset({ events, items: groups * each, candidates: 'untargeted' })
}

describe('NMTR on clicks in groups and a few favorites', () => {
  const dataset = planted()
  const options = { hiddenSize: 16, maxLength: 8 }
  it('ranks favorites better than a tower of favorites alone', async () => {
    const { test } = lastTwo(dataset)
    const hitRate = async (more: object): Promise<number> => {
      const training = { epochs: 10, batchSize: 256, learningRate: 2e-2 }
      await using trained = await trainPlanted(nmtr, { ...options, ...more }, dataset, training)
      let hits = 0
      for (const row of test) {
        const user = dataset.events.user[row] as number
        const history = historyBefore(dataset.events, user, dataset.events.time[row] as number)
        const scores = await trained.scorer.score([history])
        const favored = new Set([...history.item].filter((_, at) => history.behavior[at] === 1))
        const own = scores[dataset.events.item[row] as number] as number
        if (scores.filter((score, item) => score > own && !favored.has(item)).length < 10) hits++
      }
      return hits / test.length
    }
    const [whole, alone] = [await hitRate({}), await hitRate({ cascade: 'none', lambdaAuxiliary: 0 })]
    expect(whole).toBeGreaterThan(alone + 0.2)
  })
})

describe('NMTR’s chain', () => {
  const fixture = fixtures.ncf
  const { hidden, layers, items, users } = fixture.config
  const catalog = bareCatalog({ itemCount: items - 1, userCount: users - 1, behaviors, target: 2 })
  const build = (options: object, shape: Partial<CatalogShape> = {}) =>
    nmtr.build(nmtr.config.parse({ hiddenSize: hidden, layers, ...options }), { ...catalog, ...shape })
  const rows = fixture.inputs['batch.user']?.values.length ?? 0

  /** The largest gradient of the target's loss alone by a parameter of the first behavior; undefined for none. */
  async function ofFirstTower(cascade: string): Promise<number | undefined> {
    const model = build({ cascade, lambdaAuxiliary: 0 })
    const { loss } = lossOf(model, { rows, length: 50, targets: rows })
    const parameters = parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives))
    const feeds = Object.entries({ ...fixture.parameters, ...fixture.inputs }).map(([name, { values }]) => [
      name,
      /user|item$/.test(name) && name.startsWith('batch.')
        ? BigInt64Array.from(values, BigInt)
        : Float32Array.from(values),
    ])
    const { gradients } = await evaluateGradients(loss, parameters, Object.fromEntries(feeds))
    const first = gradients['tower0.output']
    return first && Math.max(...first.map(Math.abs))
  }

  it('lets the target’s loss train the click’s tower, and does not without the cascade', async () => {
    expect(await ofFirstTower('mean')).toBeGreaterThan(1e-3)
    expect(await ofFirstTower('none')).toBeUndefined()
  })

  it('counts the bias one and a half times for two behaviors whose towers say 0', async () => {
    const events = [1, 2, 3].map((item): TinyEvent => [1, item, 'click', item])
    const dataset = tinyDataset({ events })
    const model = nmtr.build(nmtr.config.parse({ hiddenSize: 4 }), catalogShape(dataset))
    const parameters = parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives))
    const values = valuesOf(initialParameters(parameters, 1))
    for (const behavior of [0, 1]) values.get(`tower${behavior}.output`)?.fill(0)
    const bias = Float32Array.of(0, 0.3, -0.7, 1.1)
    values.get('item.bias')?.set(bias)
    const parts = { slug: 'nmtr', model, dataset, parameters: values, memory: model.memory ?? {} }
    await using scorer = await nextItemScorer({ ...parts, runtime: nodeRuntime({ threads: 1 }) })
    const scores = await scorer.score([historyOfItems(1, [1, 2])])
    expect(scores.subarray(1)).toEqual(bias.map((value) => 1.5 * value).subarray(1))
  })

  it('ends with the target behavior', () => {
    const names = (shape: Partial<CatalogShape>): string[] =>
      parametersOf(stagesOf(build({}, shape)).flatMap(({ objectives }) => objectives)).map(({ origin }) => origin.name)
    expect(names({}).filter((name) => name.endsWith('output'))).toEqual(
      ['tower0', 'tower1', 'tower2'].map((one) => `${one}.output`),
    )
    expect(names({ target: 1 }).filter((name) => name.endsWith('output'))).toEqual(['tower0.output', 'tower1.output'])
    expect(names({ target: 0 }).filter((name) => name.endsWith('output'))).toEqual(['tower0.output'])
  })
})

describe('NMTR’s users', () => {
  // The last two events of a user are held out, so that user 2 has none to train on.
  const events = [1, 2, 3, 4, 5].map((item): TinyEvent => [1, item, 'click', item])
  const dataset = tinyDataset({ events: [...events, [2, 3, 'click', 1], [2, 4, 'click', 2]] })
  const options = { hiddenSize: 4, maxLength: 4 }

  it('without training events are the mean of their items, and others are not', async () => {
    await using trained = await trainPlanted(nmtr, options, dataset, { epochs: 1 })
    expect([...(trained.memory['user.trained']?.data ?? [])]).toEqual([0, 1, 0])
    const scoresOf = async (user: number, items: readonly number[]): Promise<Float32Array> =>
      (await trained.scorer.score([historyOfItems(user, items)])).subarray(1)
    expect(await scoresOf(2, [3, 4])).toEqual(await scoresOf(0, [3, 4]))
    expect(await scoresOf(2, [3, 4])).not.toEqual(await scoresOf(2, [1]))
    expect(await scoresOf(1, [3, 4])).toEqual(await scoresOf(1, [1]))
  })

  it('whom a later dataset brings count as never trained on', () => {
    const model = nmtr.build(nmtr.config.parse(options), { ...catalogShape(dataset), userCount: 3 })
    const tensors = { 'memory.user.trained': { shape: [3, 1], data: Float32Array.of(0, 1, 1) } }
    const items = { before: 5, now: Int32Array.of(0, 1, 2, 3, 4, 5) }
    const laid = relaidTensors(model, tensors, { items, users: { before: 2, now: Int32Array.of(0, 1, 0, 2) } })
    expect([...(laid['memory.user.trained']?.data ?? [])]).toEqual([0, 1, 0, 1])
  })

  it('are scored over few items at once where they are many', async () => {
    const many = tinyDataset({ events, items: 30_000 })
    const model = nmtr.build(nmtr.config.parse({}), catalogShape(many))
    const parameters = parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives))
    const parts = { slug: 'nmtr', model, dataset: many, parameters: valuesOf(initialParameters(parameters, 1)) }
    // All pairs at once are 128 users x 30,000 items x 96 numbers: 1.5 GB.
    expect(await rankingBytes({ ...parts, memory: model.memory ?? {} })).toBeLessThan(3e8)
  })
})

describe('NMTR’s options', () => {
  it('are refused in a sentence where they cannot be', () => {
    const parse = (options: object) => () => parseOptions('nmtr', nmtr.config, options)
    expect(parse({ layers: 0 })).toThrow('nmtr.layers: invalid: 0, expected a whole number from 1 to 4')
    expect(parse({ cascade: 'max' })).toThrow('nmtr.cascade: invalid: "max", expected one of mean, sum, none')
    expect(parse({ tower: 'neumf' })).toThrow('nmtr.tower')
  })
})
