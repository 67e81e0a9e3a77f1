import { describe, expect, it } from 'vitest'
import { type Trained, trainPlanted } from '../../../../test/fixtures/planted.ts'
import { historyBefore } from '../../../dataset/histories.ts'
import type { Dataset } from '../../../dataset/schema.ts'
import { randomStream } from '../../../random/stream.ts'
import { lastTwo } from '../../../testing/ranking/index.ts'
import { type TinyEvent, tinyDataset, tinyField, withFields } from '../../../testing/tiny-dataset.ts'
import { kmclr } from './kmclr.ts'

const width = 16
const small = { hiddenSize: width, layers: 2, maxLength: 8 }

/** The share of users whose last event is among the first ten of some items; equal scores count against it. */
async function hitRate({ scorer }: Trained, dataset: Dataset, among: (item: number) => boolean): Promise<number> {
  const { test } = lastTwo(dataset)
  const { user: users, item: items, time } = dataset.events
  let hits = 0
  for (const row of test) {
    const target = items[row] as number
    const history = historyBefore(dataset.events, users[row] as number, time[row] as number)
    const scores = await scorer.score([history])
    const ahead = [...scores.keys()].filter(
      (item) =>
        item !== target &&
        (scores[item] as number) >= (scores[target] as number) &&
        among(item) &&
        !history.item.includes(item),
    )
    if (ahead.length < 10) hits++
  }
  return hits / test.length
}

const dot = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, at) => sum + value * (b[at] as number), 0)
const rowOf = (table: Float32Array, row: number): Float32Array => table.subarray(row * width, (row + 1) * width)

describe('KMCLR on items that nobody had, of brands that everybody knows', () => {
  const [brands, items] = [20, 180]
  // The first 80 items are old, four of each brand; the last 100 new, five of each.
  const isNew = (item: number): boolean => item > 80
  const brandOf = (item: number): number => 1 + ((item - 1) % brands)
  const random = randomStream(1, 'brands')
  const events: TinyEvent[] = []
  for (let user = 1; user <= 60; user++) {
    const liked = [user % brands, (user * 7 + Math.floor(user / brands)) % brands]
    const some = (rounds: readonly number[], count: number): number[] =>
      random.shuffle(liked.flatMap((brand) => rounds.map((round) => 1 + brand + round * brands))).slice(0, count)
    // Validation asks for an old item, the test for a new one.
    for (const [time, item] of [...some([0, 1, 2, 3], 7), ...some([4, 5, 6, 7, 8], 1)].entries())
      events.push([user, item, 'favorite', time])
  }
  const plain = tinyDataset({ events, items, behaviors: ['favorite'], candidates: 'all' })
  const brand = Array.from({ length: items }, (_, at) => brandOf(at + 1))
  const shuffled = [...randomStream(2, 'shuffled').shuffle(Int32Array.from(brand))]
  const trainedOn = async (values: readonly number[], more: object = {}) => {
    const dataset = withFields(plain, { brand: tinyField(values) })
    const options = { ...small, dropout: 0, edgeDropout: 0, knowledgeShare: 0.9, ...more }
    const trained = await trainPlanted(kmclr, options, dataset, { epochs: 12, batchSize: 32 })
    return { trained, rate: await hitRate(trained, dataset, isNew) }
  }

  it('ranks those of the right brands, and not by shuffled ones or without their knowledge', async () => {
    const { trained, rate } = await trainedOn(brand)
    expect(rate).toBeGreaterThan(0.5)
    // What it has learned of triples: the energy of a true one is lower than that of another.
    for (const [energy, most] of [
      [transr(trained), 0.9],
      [tatec(trained), 0.85],
    ] as const) {
      const isLower = (item: number): boolean =>
        energy(item, brandOf(item)) < energy(item, 1 + ((brandOf(item) + 3 + (item % 7)) % brands))
      expect(brand.filter((_, at) => isLower(at + 1)).length / items).toBeGreaterThan(most)
    }
    expect((await trainedOn(shuffled)).rate).toBeLessThan(0.25)
    expect((await trainedOn(brand, { withoutKnowledge: true })).rate).toBeLessThan(0.25)
  })
})

/** A reading's tables, and what its matrix makes of a vector. */
function tablesOf({ parameters }: Trained, reading: string) {
  const table = (name: string): Float32Array => parameters.get(`known.${reading}.${name}`) as Float32Array
  const matrix = table('matrix')
  const turned = (vector: Float32Array): Float32Array =>
    Float32Array.from({ length: width }, (_, to) =>
      vector.reduce((sum, value, from) => sum + value * (matrix[from * width + to] as number), 0),
    )
  return { item: table('item'), entity: table('entity'), r: table('relation'), turned }
}

/** (10) */
function transr(trained: Trained): (item: number, entity: number) => number {
  const { item: items, entity: entities, r, turned } = tablesOf(trained, 'transr')
  return (item, entity) => {
    const [h, t] = [turned(rowOf(items, item)), turned(rowOf(entities, entity))]
    return h.reduce((sum, value, at) => sum + (value + (r[at] as number) - (t[at] as number)) ** 2, 0)
  }
}

/** (11) */
function tatec(trained: Trained): (item: number, entity: number) => number {
  const { item: items, entity: entities, r, turned } = tablesOf(trained, 'tatec')
  return (item, entity) => {
    const [h, t] = [rowOf(items, item), rowOf(entities, entity)]
    return dot(turned(h), t) + dot(h, r) + dot(t, r) + dot(h, t)
  }
}

describe('KMCLR on clicks in groups and two favorites', () => {
  const [groups, each, users] = [4, 30, 60]
  const random = randomStream(1, 'clicks')
  const events: TinyEvent[] = []
  for (let user = 1; user <= users; user++) {
    const own = random.shuffle(Array.from({ length: each }, (_, at) => 1 + (user % groups) * each + at))
    for (const [time, item] of own.slice(0, 12).entries()) events.push([user, item, 'click', time])
    for (const [time, item] of own.slice(12, 16).entries()) events.push([user, item, 'favorite', 20 + time])
  }
  const dataset = tinyDataset({ events, items: groups * each, candidates: 'all' })
  const train = (options: object, epochs: number, batchSize = 16) =>
    trainPlanted(kmclr, { ...small, withoutKnowledge: true, ...options }, dataset, { epochs, batchSize })

  it('ranks by the clicks, which favorites alone do not allow', async () => {
    await using both = await train({}, 12)
    expect(await hitRate(both, dataset, () => true)).toBeGreaterThan(0.5)
    await using alone = await train({ withoutAuxiliary: true }, 12)
    expect(await hitRate(alone, dataset, () => true)).toBeLessThan(0.2)
  })

  it('draws what behaviors say of a user together by the contrast, and away from others', async () => {
    const margin = async (lambdaBehaviors: number): Promise<number> => {
      await using trained = await train({ lambdaBehaviors, aggregate: 'mean' }, 20, 120)
      const said = await Promise.all(
        Array.from({ length: users }, (_, user) =>
          trained.scorer.reasons(historyBefore(dataset.events, user + 1, 100)),
        ),
      )
      const units = (at: number): Float32Array[] =>
        said.map(({ behaviors }) => {
          const vector = rowOf(behaviors as Float32Array, at)
          return vector.map((value) => value / Math.sqrt(dot(vector, vector)))
        })
      const [ofClicks, ofFavorites] = [units(0), units(1)]
      const cosines = ofFavorites.flatMap((favorites, user) =>
        ofClicks.map((clicks, other) => dot(favorites, clicks) * (user === other ? 1 : -1 / (users - 1))),
      )
      return cosines.reduce((sum, cosine) => sum + cosine / users, 0)
    }
    const [by, without] = [await margin(10), await margin(0)]
    expect(by).toBeGreaterThan(without + 0.1)
  })
})
