import { array, assert as assertProperty, boolean, constantFrom, integer, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergeBehaviors } from '../dataset/event-columns.ts'
import type { Dataset, Split } from '../dataset/schema.ts'
import { type TinyEvent, tinyDataset } from '../testing/tiny-dataset.ts'
import { bucketsOf, epochBatches, makeWindows, trainingWindows, type WindowSettings } from './windows.ts'

const settings: WindowSettings = {
  maxLength: 4,
  stride: 2,
  targetWeights: [0.5, 1],
  mergeBehaviors: false,
  onePerPosition: false,
}

const allTrain = ({ events }: Dataset): Split => ({
  protocol: 'given',
  trainEnd: Int32Array.from({ length: events.start.length - 1 }, (_, user) =>
    user === 0 ? 0 : (events.start[user + 1] as number),
  ),
  validation: new Int32Array(0),
  test: new Int32Array(0),
})

const made = (dataset: Dataset, options: WindowSettings, candidates: 'all' | 'unseen' = 'all') => {
  const windows = trainingWindows(dataset.events, allTrain(dataset), candidates, options)
  const batching = { batchSize: 3, lengths: [options.maxLength], seed: 1 }
  const buckets = bucketsOf(windows, options, batching)
  return epochBatches(windows, options, buckets, batching, 1).flatMap((batch) =>
    makeWindows(windows, batch, options, 1, 1),
  )
}

describe('training windows', () => {
  it('cut a long history so that every later event is a target once, with room before it', () => {
    const dataset = tinyDataset({
      events: Array.from({ length: 8 }, (_, at): TinyEvent => [1, at + 1, 'favorite', at]),
    })
    const windows = made(dataset, settings).sort(
      (a, b) => (a.history.item[0] as number) - (b.history.item[0] as number),
    )
    expect(
      windows.map(({ history, targets }) => [[...history.item], targets.map(({ item, prefix }) => [item, prefix])]),
    ).toEqual([
      [
        [1, 2, 3, 4],
        [
          [2, 1],
          [3, 2],
          [4, 3],
          [5, 4],
        ],
      ],
      [
        [3, 4, 5, 6],
        [
          [6, 3],
          [7, 4],
        ],
      ],
      [[5, 6, 7], [[8, 3]]],
    ])
  })

  it('hold nothing but the most recent events where so many are asked for, and still know what was touched before', () => {
    const items = [5, 6, 1, 2, 3, 5]
    const dataset = tinyDataset({ events: items.map((item, at): TinyEvent => [1, item, 'favorite', at]) })
    const windows = made(dataset, { ...settings, recent: 4 }, 'unseen')
    expect(windows.map(({ history, targets }) => [[...history.item], targets.map(({ item }) => item)])).toEqual([
      [
        [1, 2],
        [2, 3],
      ],
    ])
  })

  it('give each target the most history there is, where each has a window of its own', () => {
    const dataset = tinyDataset({
      events: Array.from({ length: 7 }, (_, at): TinyEvent => [1, at + 1, 'favorite', at]),
    })
    const windows = made(dataset, { ...settings, onePerWindow: true })
    const rows = windows.map(({ history, targets }) => [
      [...history.item],
      targets.map(({ item, prefix }) => [item, prefix]),
    ])
    expect(rows.sort((a, b) => String(a[1]).localeCompare(String(b[1])))).toEqual([
      [[1], [[2, 1]]],
      [[1, 2], [[3, 2]]],
      [[1, 2, 3], [[4, 3]]],
      [[1, 2, 3, 4], [[5, 4]]],
      [[2, 3, 4, 5], [[6, 4]]],
      [[3, 4, 5, 6], [[7, 4]]],
    ])
  })

  it('have as many of other behaviors as of one, drawn anew each epoch, where they are to be even', () => {
    const behaviorOf = (at: number): string => (at % 4 === 3 ? 'favorite' : 'click')
    const events = Array.from({ length: 17 }, (_, at): TinyEvent => [1, at + 1, behaviorOf(at), at])
    const even = { ...settings, onePerWindow: true, evenWith: 1 }
    const windows = trainingWindows(tinyDataset({ events }).events, allTrain(tinyDataset({ events })), 'all', even)
    const batching = { batchSize: 3, lengths: [4], seed: 1 }
    const targetsOf = (epoch: number): { clicks: number[]; favorites: number[] } => {
      const batches = epochBatches(windows, even, bucketsOf(windows, even, batching), batching, epoch)
      const all = batches
        .flatMap((batch) => makeWindows(windows, batch, even, 1, epoch))
        .flatMap(({ targets }) => targets)
      const of = (which: number) =>
        all.flatMap(({ item, behavior }) => (behavior === which ? [item] : [])).sort((a, b) => a - b)
      return { clicks: of(0), favorites: of(1) }
    }
    const [one, two] = [targetsOf(1), targetsOf(2)]
    expect(one.favorites).toEqual([4, 8, 12, 16])
    expect(two.favorites).toEqual([4, 8, 12, 16])
    expect([one.clicks.length, two.clicks.length]).toEqual([4, 4])
    expect(one.clicks).not.toEqual(two.clicks)
  })

  it('never read an event at the time of the target or later', () => {
    const event = tuple(
      integer({ min: 1, max: 3 }),
      integer({ min: 1, max: 9 }),
      constantFrom('click', 'favorite'),
      integer({ min: 0, max: 12 }),
    )
    assertProperty(
      property(array(event, { minLength: 1, maxLength: 40 }), boolean(), boolean(), (events, merge, single) => {
        const dataset = tinyDataset({ events, users: 3, items: 9 })
        for (const { history, targets } of made(dataset, {
          ...settings,
          mergeBehaviors: merge,
          onePerPosition: single,
        })) {
          for (const { item, prefix } of targets) {
            const times = [...dataset.events.time].filter(
              (_, row) => dataset.events.user[row] === history.user && dataset.events.item[row] === item,
            )
            expect(prefix).toBeGreaterThan(0)
            expect(Math.max(...times)).toBeGreaterThan(history.time[prefix - 1] as number)
          }
          const positions = single ? new Set(targets.map(({ prefix }) => prefix)).size : targets.length
          expect(positions).toBe(targets.length)
        }
      }),
    )
  })

  it('leave out items the user touched before where only unseen items are ranked', () => {
    const dataset = tinyDataset({ events: [1, 2, 1, 3].map((item, at): TinyEvent => [1, item, 'favorite', at]) })
    expect(made(dataset, settings, 'unseen').flatMap(({ targets }) => targets.map(({ item }) => item))).toEqual([2, 3])
  })

  it('draw one of the events at one time in proportion to weight, and give it the weight of all', () => {
    const events: TinyEvent[] = [
      [1, 1, 'click', 0],
      [1, 2, 'click', 5],
      [1, 3, 'favorite', 5],
    ]
    const [window] = made(tinyDataset({ events }), { ...settings, onePerPosition: true })
    expect(window?.targets).toHaveLength(1)
    expect(window?.targets[0]?.weight).toBe(1.5)
  })

  it('count an event of several behaviors once, as its deepest', () => {
    const history = {
      user: 1,
      item: Int32Array.of(5, 5, 6),
      behavior: Uint8Array.of(0, 1, 0),
      time: Float64Array.of(1, 1, 2),
    }
    const merged = mergeBehaviors(history)
    expect([[...merged.item], [...merged.behavior]]).toEqual([
      [5, 6],
      [1, 0],
    ])
    const plain = { ...history, time: Float64Array.of(1, 2, 3) }
    expect(mergeBehaviors(plain)).toBe(plain)
  })

  it('give the same batches for one seed and epoch, others for another, each window once', () => {
    const events = Array.from({ length: 30 }, (_, at): TinyEvent => [1 + (at % 10), at + 1, 'favorite', at])
    const dataset = tinyDataset({ events })
    const windows = trainingWindows(dataset.events, allTrain(dataset), 'all', settings)
    const batching = { batchSize: 4, lengths: [1, 2, 4], seed: 1 }
    const buckets = bucketsOf(windows, settings, batching)
    const order = (epoch: number) =>
      epochBatches(windows, settings, buckets, batching, epoch).map(({ windows }) => [...windows])
    expect(order(1)).toEqual(order(1))
    expect(order(1)).not.toEqual(order(2))
    expect(
      order(2)
        .flat()
        .sort((a, b) => a - b),
    ).toEqual(windows.rows.map((_, at) => at))
  })
})
