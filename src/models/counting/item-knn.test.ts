import { describe, expect, it } from 'vitest'
import type { Dataset, History, Split } from '../../dataset/schema.ts'
import { randomStream } from '../../random/stream.ts'
import { countingConformance } from '../../testing/counting.ts'
import { type TinyEvent, tinyDataset } from '../../testing/tiny-dataset.ts'
import { itemKnn } from './item-knn.ts'

// Users who touched each item: 1: {1, 2, 3}, 2: {1, 2}, 3: {3}, 4: nobody.
const dataset = tinyDataset({
  events: [
    [1, 1, 'click', 1],
    [1, 1, 'favorite', 2],
    [1, 2, 'click', 3],
    [2, 1, 'click', 1],
    [2, 2, 'favorite', 2],
    [3, 3, 'favorite', 1],
    [3, 1, 'click', 2],
  ],
  items: 4,
})

/** Every row trains: these tests look at the model, not at the split. */
function all({ events }: Dataset): Split {
  return {
    protocol: 'given',
    trainEnd: events.start.subarray(1),
    validation: new Int32Array(0),
    test: new Int32Array(0),
  }
}

function history(items: readonly number[], behaviors: readonly number[] = items.map(() => 0)): History {
  return {
    user: 1,
    item: Int32Array.from(items),
    behavior: Uint8Array.from(behaviors),
    time: Float64Array.from(items, (_, at) => at),
  }
}

function fitted(settings: object = {}, on = dataset) {
  const config = itemKnn.config.parse(settings)
  return itemKnn.load(itemKnn.fit(on, all(on), config), on, config)
}

it('takes memory for every training event, up to so many of a user, and for every neighbor that it keeps', () => {
  const bytesOf = (settings: object): number =>
    itemKnn.bytes?.(dataset, all(dataset), itemKnn.config.parse(settings)) as number
  const [one, two] = [bytesOf({ neighbors: 1 }), bytesOf({ neighbors: 2 })]
  // Four items.
  expect(two - one).toBe(4 * 32)
  expect(one - 4 * 32).toBe(7 * 40)
  // Of user 1, two of three events.
  expect(bytesOf({ neighbors: 1, maxUserItems: 2 })).toBe(one - 40)
})

describe('itemKnn', () => {
  it('scores by cosine over users, worked by hand', async () => {
    const scores = await fitted().score([history([1]), history([2, 3, 2]), history([])])
    const pad = Number.NEGATIVE_INFINITY
    const [one_two, one_three] = [2 / Math.sqrt(3 * 2), 1 / Math.sqrt(3 * 1)]
    const expected = [pad, 0, one_two, one_three, 0, pad, one_two + one_three, 0, 0, 0, pad, 0, 0, 0, 0]
    expect([...scores]).toEqual([...Float32Array.from(expected)])
  })

  it('gives every caller an array of its own, or writes into the caller’s', async () => {
    const scorer = fitted()
    const [first, second] = await Promise.all([scorer.score([history([1])]), scorer.score([history([2])])])
    expect([...(first ?? [])]).toEqual([...(await scorer.score([history([1])]))])
    expect([...(second ?? [])]).toEqual([...(await scorer.score([history([2])]))])
    const into = new Float32Array(6).fill(9)
    expect([...(await scorer.score([history([1])], into))]).toEqual([...(first ?? [])])
    expect([...into]).toEqual([...(first ?? []), 9])
  })

  it('keeps the nearest neighbors, the lower item first where two are as near', () => {
    const config = itemKnn.config.parse({ neighbors: 1 })
    const { start, neighbor } = itemKnn.fit(dataset, all(dataset), config)
    expect([...(start?.data ?? [])]).toEqual([0, 0, 1, 2, 3, 3])
    expect([...(neighbor?.data ?? [])]).toEqual([2, 1, 1])
    const even = tinyDataset({ events: [1, 2, 3].map((item) => [1, item, 'click', item] as const) })
    expect([...(itemKnn.fit(even, all(even), config)['neighbor']?.data ?? [])]).toEqual([2, 1, 1])
  })

  it('looks at target events alone where asked to', async () => {
    // Only users 1 {1}, 2 {2} and 3 {3} are left: no two items meet.
    expect([...(await fitted({ behaviors: 'target' }).score([history([1, 2, 3], [1, 1, 1])]))].slice(1)).toEqual([
      0, 0, 0, 0,
    ])
  })

  it('does not see rows after the training rows', () => {
    const split: Split = { ...all(dataset), trainEnd: Int32Array.of(0, 2, 4, 6) }
    expect(itemKnn.fit(dataset, split, itemKnn.config.parse({}))['neighbor']?.data).toHaveLength(0)
  })

  it('tells which events carried an item', async () => {
    const [first, second] = (await fitted().explain?.(history([2, 3, 2], [0, 1, 1]), [1, 4])) ?? []
    const parts = [2 / Math.sqrt(6), 1 / Math.sqrt(3)] as const
    const total = parts[0] + parts[1]
    expect(first?.because?.map(({ item, behavior }) => [item, behavior])).toEqual([
      [2, 1],
      [3, 1],
    ])
    expect(first?.because?.[0]?.share).toBeCloseTo(parts[0] / total, 6)
    expect(first?.because?.[1]?.share).toBeCloseTo(parts[1] / total, 6)
    expect(second).toEqual({ item: 4 })
  })

  it('agrees with the dense computation on random logs', async () => {
    const stream = randomStream(3, 'item-knn')
    const events: TinyEvent[] = Array.from({ length: 300 }, (_, at) => [
      1 + stream.integer(20),
      1 + stream.integer(15),
      'click',
      at,
    ])
    const random = tinyDataset({ events, users: 20, items: 15 })
    const touched = Array.from(
      { length: 16 },
      (_, item) => new Set(events.filter((event) => event[1] === item).map(([user]) => user)),
    )
    const scores = await fitted({}, random).score([history([5, 9])])
    const cosine = (a: number, b: number): number => {
      const [left, right] = [touched[a] ?? new Set(), touched[b] ?? new Set()]
      return a === b ? 0 : [...left].filter((user) => right.has(user)).length / Math.sqrt(left.size * right.size)
    }
    for (let item = 1; item <= 15; item++) expect(scores[item]).toBeCloseTo(cosine(5, item) + cosine(9, item), 5)
  })

  it('refuses tensors of another catalog', () => {
    const config = itemKnn.config.parse({})
    const other = tinyDataset({ events: [], users: 1, items: 7 })
    expect(() => itemKnn.load(itemKnn.fit(dataset, all(dataset), config), other, config)).toThrow(
      'item-knn checkpoint: mismatched: tensor "start"',
    )
  })

  it('fits 90,000 items without an items x items array', () => {
    const stream = randomStream(1, 'large')
    const events: TinyEvent[] = Array.from({ length: 60_000 }, (_, at) => [
      1 + Math.floor(at / 20),
      1 + stream.integer(90_000),
      'click',
      at,
    ])
    const large = tinyDataset({ events, items: 90_000 })
    const config = itemKnn.config.parse({})
    const { neighbor } = itemKnn.fit(large, all(large), config)
    expect(neighbor?.data.length).toBeGreaterThan(1_000_000)
  })
})

countingConformance({ model: itemKnn as never })
