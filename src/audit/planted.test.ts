import { beforeAll, describe, expect, it } from 'vitest'
import type { Dataset, FeatureTable } from '../dataset/schema.ts'
import { splitDataset } from '../dataset/splits.ts'
import { auc } from '../metrics/auc.ts'
import { randomStream } from '../random/stream.ts'
import { makeEvents } from '../simulate/sessions.ts'
import { makeItems, shopDefaults, styleCount, topicCount } from '../simulate/world.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { foreseenPictures } from './foreseen-suspects.ts'
import { type Judged, judgedClicks, judgedPictures, judgedPlays, judges } from './planted.ts'
import { mismatched } from './wrong-images.ts'

const settings = { ...shopDefaults, users: 160, items: 150, sessions: 7 }
const items = makeItems(settings)
const { events, users } = makeEvents(settings, items)
const random = randomStream(1, 'vectors')
const vectorOf = (kind: number, kinds: number): number[] =>
  Array.from({ length: kinds }, (_, at) => (at === kind ? 1 : 0) + 0.2 * random.normal())
const shop = tinyDataset({
  events: events.map(({ user, item, behavior, time }) => [Number(user.slice(4)), item + 1, behavior, time]),
  users: settings.users,
  items: settings.items,
  userIds: users.map(({ id }) => id),
  features: {
    image: items.map(({ pictured }) => vectorOf(pictured, styleCount)),
    text: items.map(({ topic }) => vectorOf(topic, topicCount)),
  },
})
const dataset: Dataset = { ...shop, catalog: { ...shop.catalog, ids: ['', ...items.map(({ id }) => id)] } }
const accidental = events.flatMap(({ user, item, time, accidental: flag }): [string, string, number][] =>
  flag ? [[user, items[item]?.id as string, time]] : [],
)
const truth = { settings: { ...settings }, items, users, accidental }
const found = ({ suspicion, planted }: Judged, judge: string): number => auc(suspicion[judge] as Float64Array, planted)

describe('accidental clicks of the shop', () => {
  let judged: Judged
  beforeAll(() => {
    judged = judgedClicks(dataset, truth)
  })

  it('are found two thirds of the way to the oracle, who is near 0.95', () => {
    const oracle = found(judged, judges.oracle)
    expect(oracle).toBeGreaterThan(0.9)
    expect(found(judged, judges.audit)).toBeGreaterThan(0.5 + (2 / 3) * (oracle - 0.5))
  })

  it('are found by what users touch together, looks and titles, together better than by each', () => {
    for (const source of ['together', 'image', 'text']) {
      expect(found(judged, source)).toBeGreaterThan(0.6)
      expect(found(judged, judges.audit)).toBeGreaterThan(found(judged, source))
    }
  })

  it('are not found where the events of one user are no history: dealt out anew among the users', () => {
    const dealt = randomStream(1, 'deal').shuffle(dataset.events.item.slice())
    const shuffled = { ...dataset, events: { ...dataset.events, item: dealt } }
    const suspicion = judgedClicks(shuffled, truth).suspicion[judges.audit] as Float64Array
    expect(Math.abs(auc(suspicion, judged.planted) - 0.5)).toBeLessThan(0.05)
  })
})

describe('wrong pictures', () => {
  const isWrong = (item: number): boolean => items[item - 1]?.wrongPicture ?? false

  it('of the shop are found by what is touched around favorites, though clicks follow the picture', () => {
    const judged = judgedPictures(dataset, isWrong)
    expect(found(judged, judges.audit)).toBeGreaterThan(0.8)
    const byClicks = judgedPictures({ ...dataset, manifest: { ...dataset.manifest, target: 'click' } }, isWrong)
    expect(found(byClicks, judges.audit)).toBeLessThan(0.65)
  })

  it('are named by the log that trains alone, whatever comes after it', () => {
    const split = splitDataset(dataset)
    const named = foreseenPictures(dataset, split, 0.5)
    const later = Int32Array.from(dataset.events.item.keys()).filter(
      (row) => row >= (split.trainEnd[dataset.events.user[row] as number] as number),
    )
    const [item, anything] = [dataset.events.item.slice(), randomStream(1, 'what comes later')]
    for (const row of later) item[row] = 1 + anything.integer(items.length)
    const other = { ...dataset, events: { ...dataset.events, item } }
    expect(foreseenPictures(other, split, 0.5)).toEqual(named)
    expect(foreseenPictures(dataset, { ...split, trainEnd: dataset.events.start.slice(1) }, 0.5)).not.toEqual(named)
    const right = named.filter(isWrong).length
    // A fifth of all pictures are wrong.
    expect(right / named.length).toBeGreaterThan(0.35)
  })

  it('are not told by an item’s own picture, where a click and a favorite of one item stand beside each other', () => {
    const twice = Array.from({ length: 400 }, (_, at): [number, number, number] => [
      1 + Math.floor(at / 8),
      1 + random.integer(100),
      1000 * at,
    ]).flatMap(([user, item, time]) => [[user, item, 'click', time] as const, [user, item, 'favorite', time] as const])
    const image = Array.from({ length: 100 }, () => Array.from({ length: 16 }, () => random.normal()))
    const { weights } = judgedPictures(tinyDataset({ events: twice, items: 100, features: { image } }), () => false)
    expect(Math.abs(weights['company'] as number)).toBeLessThan(0.5)
  })

  it('are found by text and picture where vectors share a space, and weighed so', () => {
    const kinds = Array.from({ length: 300 }, () => Array.from({ length: 16 }, () => random.normal()))
    const near = (vector: readonly number[]): number[] => vector.map((value) => value + 0.7 * random.normal())
    const catalog = tinyDataset({ events: [], items: 300, features: { image: kinds.map(near), text: kinds.map(near) } })
    const image = catalog.features.image as FeatureTable
    const swapped = mismatched(image, { share: 0.2, seed: 1 })
    const changed = (item: number): boolean => swapped.vectors[16 * item] !== image.vectors[16 * item]
    const judged = judgedPictures({ ...catalog, features: { ...catalog.features, image: swapped } }, changed)
    expect(found(judged, judges.audit)).toBeGreaterThan(0.95)
    expect(Math.abs(judged.share - 0.2)).toBeLessThan(0.1)
    expect(judged.weights['agreement']).toBeGreaterThan(3 * Math.abs(judged.weights['company'] ?? 0))
  })
})

describe('plays', () => {
  it('count where they are known; who leaves at once goes on at once', () => {
    const flagged = new Set(accidental.map((event) => event.join()))
    const clicks = events.filter(({ behavior }) => behavior === 'click').length
    // Favorites have no play.
    const known = new Set(
      events.flatMap(({ user, item, behavior, time }) =>
        behavior === 'click' ? [[user, items[item]?.id, time].join()] : [],
      ),
    )
    const playOf = ({ user, item, time }: { user: string; item: string; time: number }): number | undefined => {
      const name = [user, item, time].join()
      return known.has(name) ? (flagged.has(name) ? 2.9 : 3) : undefined
    }
    const judged = judgedPlays(dataset, playOf, 3)
    expect(judged.planted.length).toBe(clicks)
    expect(judged.planted.reduce((sum, one) => sum + one, 0)).toBe(accidental.length)
    expect(found(judged, judges.audit)).toBeCloseTo(found(judgedClicks(dataset, truth), judges.audit), 10)
    expect(Object.keys(judged.suspicion)).toContain('the next event soon')
  })
})
