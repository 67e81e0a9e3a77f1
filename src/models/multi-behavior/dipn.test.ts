import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture, type Numbers } from '../../../test/conformance/model/parity.ts'
import { historyBefore } from '../../dataset/histories.ts'
import type { Dataset, History } from '../../dataset/schema.ts'
import { stagesOf } from '../../learn/objectives.ts'
import { initialParameters, valuesOf } from '../../learn/parameters.ts'
import { parametersOf } from '../../learn/step.ts'
import { auc } from '../../metrics/auc.ts'
import { randomStream } from '../../random/stream.ts'
import { type NextItemScorer, nextItemScorer } from '../../rank/scorer.ts'
import { nodeRuntime } from '../../runtime/node.ts'
import { conformance } from '../../testing/ranking/index.ts'
import { type TinyEvent, tinyDataset, tinyField, withFields } from '../../testing/tiny-dataset.ts'
import { trainSmall } from '../../testing/train-small.ts'
import { type CatalogShape, catalogShape } from '../contract/catalog.ts'
import type { Objective } from '../contract/model.ts'
import { parseOptions } from '../contract/options.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { dipn } from './dipn.ts'

conformance({
  definition: dipn,
  options: { embeddingSize: 16, fieldSize: 4, hiddenSize: 16, maxLength: 6, dropout: 0 },
  epochs: 40,
  learningRate: 2e-2,
  skips: {
    modalities: 'it reads neither pictures nor texts',
    causal: 'ages count from the last event of a window, which has one target',
  },
})

/** See tools/dipn_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<
    Record<'batch' | 'length' | 'embedding' | 'fields' | 'hidden' | 'items' | 'auxiliary' | 'intent', number>
  >
  readonly scores: Numbers
  readonly shares: Numbers
}
const fixtures = JSON.parse(readFileSync('test/fixtures/dipn.json', 'utf8')) as Record<
  'whole' | 'merged' | 'plain',
  Fixture
>

describe.each([
  ['whole', {}],
  ['merged', { mergedView: true }],
  ['plain', { bottom: 'last', top: 'mean', withoutTimes: true }],
] as const)('DIPN, %s', (part, options) => {
  const fixture = fixtures[part]
  const { batch, length, embedding, fields, hidden, items, auxiliary, intent } = fixture.config
  const dataset = fixtureDataset(fixture)
  const sizes = { embeddingSize: embedding, fieldSize: fields, hiddenSize: hidden, maxLength: length, dropout: 0 }
  const config = dipn.config.parse({ ...sizes, lambdaAuxiliary: auxiliary, lambdaIntent: intent, ...options })
  const model = dipn.build(config, catalogShape(dataset))

  it('has PyTorch’s loss and gradients', async () => {
    await expectParity(model, { rows: batch, length, targets: batch + 1, targetsPerRow: 1 }, fixture, {
      tolerance: 1e-4,
    })
  })

  it('has PyTorch’s scores and shares of views, from events and their times', async () => {
    const given = new Map(
      Object.entries(fixture.parameters).map(([name, { values }]) => [name, Float32Array.from(values)]),
    )
    const parts = { slug: 'dipn', model, dataset, parameters: given, runtime: nodeRuntime({ threads: 1 }) }
    await using scorer = await nextItemScorer(parts)
    const histories = historiesOf(fixture, dataset)
    const scores = await scorer.score(histories)
    const far = fixture.scores.values.filter(
      (score, at) => at % items > 0 && !(Math.abs((scores[at] as number) - score) < 1e-4),
    )
    expect(far).toEqual([])
    const shares = await Promise.all(
      histories.map(async (history) => [...((await scorer.reasons(history))['views'] as Float32Array)]),
    )
    const wrong = shares.flat().filter((share, at) => !(Math.abs(share - (fixture.shares.values[at] as number)) < 1e-4))
    expect(wrong).toEqual([])
  })
})

/** The events of a fixture's histories, each of a user. */
function fixtureDataset({ config: { length, items }, inputs }: Fixture): Dataset {
  const numbersOf = (name: string, { [name]: known }: Fixture['inputs'] = inputs): readonly number[] =>
    known?.values ?? []
  const [gaps, behaviors] = [numbersOf('batch.gap', fixtures.whole.inputs), numbersOf('batch.behavior')]
  let time = 0
  const events = numbersOf('batch.history').flatMap((item, at): TinyEvent[] => {
    time = at % length === 0 ? 0 : time + 1000 * (gaps[at] as number)
    const name = behaviors[at] === 1 ? 'click' : 'favorite'
    return item > 0 ? [[1 + Math.floor(at / length), item, name, time]] : []
  })
  const [, ...categories] = numbersOf('item.field.category')
  return withFields(tinyDataset({ events, items: items - 1 }), { category: tinyField(categories) })
}
const historiesOf = ({ config }: Fixture, { events }: Dataset): History[] =>
  Array.from({ length: config.batch }, (_, at) => historyBefore(events, at + 1, Number.POSITIVE_INFINITY))

const tiny = { embeddingSize: 16, fieldSize: 4, hiddenSize: 8, maxLength: 6, dropout: 0 }

describe('DIPN’s reasons', () => {
  const dataset = fixtureDataset(fixtures.whole)
  const build = (options: object, shape: Partial<CatalogShape> = {}) =>
    dipn.build(dipn.config.parse({ ...tiny, ...options }), { ...catalogShape(dataset), ...shape })
  const parametersFor = (options: object, shape?: Partial<CatalogShape>) =>
    parametersOf(stagesOf(build(options, shape)).flatMap(({ objectives }) => objectives))

  it.each([{}, { mergedView: true }, { bottom: 'last' }])('share out behaviors and events, %o', async (options) => {
    const model = build(options)
    const parameters = valuesOf(initialParameters(parametersFor(options), 3))
    const parts = { slug: 'dipn', model, dataset, parameters, runtime: nodeRuntime({ threads: 1 }) }
    await using scorer = await nextItemScorer(parts)
    const [mixed, clicks] = historiesOf(fixtures.whole, dataset) as [History, History]
    const [told] = (await scorer.explain?.(mixed, [2])) ?? []
    const because = told?.because ?? []
    expect(because.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 5)
    expect(because.map(({ share }) => share)).toEqual(because.map(({ share }) => share).toSorted((a, b) => b - a))
    expect((told?.behaviors?.['click'] ?? 0) + (told?.behaviors?.['favorite'] ?? 0)).toBeCloseTo(1, 5)
    const [onlyClicks] = (await scorer.explain?.(clicks, [2])) ?? []
    expect(onlyClicks?.behaviors).toEqual({ click: expect.closeTo(1, 5), favorite: 0 })
  })

  it('and losses go where one behavior, or no time, is all there is', () => {
    const lossesOf = (options: object, shape?: Partial<CatalogShape>): string[] => {
      const model = build(options, shape)
      const [objective] = stagesOf(model).flatMap(({ objectives }) => objectives)
      const { batch } = model.batches.declare({ rows: 1, length: 4, targets: 1, targetsPerRow: 1 })
      return Object.keys((objective as Objective<unknown>).losses(batch, { ...servingPass, training: true }))
    }
    expect(lossesOf({})).toEqual(['next', 'intent'])
    expect(lossesOf({ lambdaIntent: 0 })).toEqual(['next'])
    expect(lossesOf({}, { behaviors: ['favorite'], target: 0 })).toEqual(['next'])
    const names = (shape: Partial<CatalogShape>): string[] => parametersFor({}, shape).map(({ origin }) => origin.name)
    expect(names({})).toContain('age')
    expect(names({ time: 'order' })).not.toContain('age')
    expect(dipn.lacks?.(dipn.config.parse({}), { ...catalogShape(dataset), time: 'order' })).toEqual(['times'])
  })

  it('are refused in a sentence where they cannot be', () => {
    const parse = (options: object) => () => parseOptions('dipn', dipn.config, options)
    expect(parse({ bottom: 'mean' })).toThrow('dipn.bottom: invalid: "mean", expected one of attention, last')
    expect(parse({ lambdaIntent: -1 })).toThrow('dipn.lambdaIntent')
    expect(() => build({ fields: 'categroy' })).toThrow('did you mean "category"?')
  })
})

/** Adds an event a minute after the one before it: the item `at` of a category. */
type Add = (category: number, at: number, name: 'click' | 'favorite') => void

/** The events of users from 1 on, in categories of as many items each. */
function planted(
  users: number,
  { categories, each }: { readonly categories: number; readonly each: number },
  live: (user: number, add: Add) => void,
): Dataset {
  const events: TinyEvent[] = []
  for (let user = 1; user <= users; user++) {
    live(user, (category, at, name) => {
      events.push([user, 1 + category * each + at, name, 60_000 * events.length])
    })
  }
  const items = categories * each
  const category = tinyField(Array.from({ length: items }, (_, at) => 1 + Math.floor(at / each)))
  return withFields(tinyDataset({ events, items, candidates: 'all' }), { category })
}

/** Training of a small model. */
interface Trained {
  readonly options: object
  readonly epochs: number
  readonly learningRate: number
}

/**
 * DIPN after its last epoch. The best epoch would be chance: validation asks for the event before the last, and no
 * ranking of it says how good the intent is.
 */
async function trained(dataset: Dataset, { options, epochs, learningRate }: Trained): Promise<NextItemScorer> {
  const few = { embeddingSize: 16, fieldSize: 8, hiddenSize: 16, dropout: 0, lambdaIntent: 0, lambdaAuxiliary: 0 }
  const candidate = { definition: dipn, options: { ...few, ...options } }
  const { last, ...done } = await trainSmall(candidate, dataset, { epochs, learningRate, batchSize: 32 })
  const parameters = new Map(Object.entries(last))
  return nextItemScorer({ ...done, parameters, slug: 'dipn', dataset, runtime: nodeRuntime({ threads: 1 }) })
}

/** The share of users whose last event is of the item that is ranked first. */
async function hitsAtOne(scorer: NextItemScorer, { events }: Dataset): Promise<number> {
  const rows = Array.from(events.start.subarray(2), (end) => end - 1)
  let hits = 0
  for (const row of rows) {
    const item = events.item[row] as number
    const scores = await scorer.score([historyBefore(events, events.user[row] as number, events.time[row] as number)])
    if (scores.every((score, other) => other === item || score < (scores[item] as number))) hits++
  }
  return hits / rows.length
}

/**
 * Clicks and favorites take turns. A favorite's partner is the next favorite of every other user, a click's that of the
 * rest; who is who shows in the category.
 */
function takingTurns(users: number, seed: number): Dataset {
  const random = randomStream(seed, 'halves')
  const each = 12
  return planted(users, { categories: 2, each }, (user, add) => {
    let favorite = random.integer(each)
    add(user % 2, favorite, 'favorite')
    for (let step = 0; step < 6; step++) {
      const click = random.integer(each)
      add(user % 2, click, 'click')
      favorite = ((user % 2 === 0 ? favorite : click) + 5) % each
      add(user % 2, favorite, 'favorite')
    }
  })
}

/** A click says which favorite comes; twelve clicks of another category lie between them, and some after them. */
function longAgo(users: number, seed: number, after: number): Dataset {
  const random = randomStream(seed, 'early')
  const each = 6
  return planted(users, { categories: 3, each }, (_, add) => {
    const click = random.integer(each)
    add(0, click, 'click')
    for (let at = 0; at < 12; at++) add(1, random.integer(each), 'click')
    add(2, click, 'favorite')
    for (let at = 0; at < after; at++) add(1, 0, 'click')
  })
}

/** Clicks that change category each time, and now and then five in one category, with a favorite of it after them. */
function bursts(users: number, seed: number, isShuffled: boolean): Dataset {
  const random = randomStream(seed, 'bursts')
  const [categories, each] = [8, 5]
  const dataset = planted(users, { categories, each }, (_, add) => {
    let last = random.integer(categories)
    for (let step = 0; step < 15; step++) {
      last = (last + 1 + random.integer(categories - 1)) % categories
      const isBurst = random.uniform() < 0.2
      for (let at = 0; at < (isBurst ? 5 : 1); at++) add(last, random.integer(each), 'click')
      if (isBurst) add(last, random.integer(each), 'favorite')
    }
  })
  const { behavior } = dataset.events
  if (isShuffled) behavior.set(random.shuffle(Int32Array.from(behavior)))
  return dataset
}

describe('DIPN on planted logs', () => {
  it('weighs the behavior that decides, and ranks what follows from it first', async () => {
    const training = { options: { maxLength: 8 }, epochs: 8, learningRate: 2e-2 }
    await using scorer = await trained(takingTurns(200, 1), training)
    const others = takingTurns(40, 9)
    expect(await hitsAtOne(scorer, others)).toBeGreaterThan(0.95)
    const shares: [number[], number[]] = [[], []]
    for (let user = 1; user <= 40; user++) {
      const { views } = await scorer.reasons(historyBefore(others.events, user, Number.POSITIVE_INFINITY))
      shares[(user % 2) as 0 | 1].push((views as Float32Array)[1] as number)
    }
    const [ofFavorites, ofClicks] = shares.map((all) => all.reduce((sum, share) => sum + share, 0) / all.length)
    expect(ofFavorites).toBeGreaterThan((ofClicks as number) + 0.2)
  })

  it('finds an event of long ago by its attention, and not by last states', async () => {
    const hits = async (options: object): Promise<number> => {
      const training = { options: { maxLength: 14, ...options }, epochs: 16, learningRate: 2e-2 }
      await using scorer = await trained(longAgo(600, 1, 2), training)
      return hitsAtOne(scorer, longAgo(60, 9, 0))
    }
    const [attention, last] = [await hits({}), await hits({ bottom: 'last' })]
    expect(attention).toBeGreaterThan(0.9)
    expect(last).toBeLessThan(0.6)
  })

  it('tells by its intent favorites that bursts of clicks come before, unless labels are shuffled', async () => {
    const area = async (isShuffled: boolean): Promise<number> => {
      const training = { options: { maxLength: 6, lambdaIntent: 1 }, epochs: isShuffled ? 8 : 14, learningRate: 1e-2 }
      await using scorer = await trained(bursts(200, 1, isShuffled), training)
      const { events } = bursts(40, 9, isShuffled)
      const [intents, labels]: [number[], boolean[]] = [[], []]
      for (const [row, behavior] of events.behavior.entries()) {
        const before = events.behavior.subarray(
          Math.max(events.start[events.user[row] as number] as number, row - 5),
          row,
        )
        // No favorite comes within five events of another: what comes later needs the burst.
        if (before.length < 5 || (!isShuffled && before.includes(1))) continue
        const history = historyBefore(events, events.user[row] as number, events.time[row] as number)
        intents.push((await scorer.reasons(history))['intent']?.[0] as number)
        labels.push(behavior === 1)
      }
      return auc(intents, labels)
    }
    expect(await area(false)).toBeGreaterThan(0.8)
    expect(Math.abs((await area(true)) - 0.5)).toBeLessThan(0.1)
  })
})
