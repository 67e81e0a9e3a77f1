import { describe, expect, it } from 'vitest'
import { randomStream } from '../random/stream.ts'
import { topItems } from './top-items.ts'

describe('topItems', () => {
  const scores = Float32Array.of(Number.NEGATIVE_INFINITY, 3, 1, 4, 1, 5, 3)

  it('gives the best first and breaks ties by index', () => {
    expect(topItems(scores, 4)).toEqual([
      { item: 5, score: 5 },
      { item: 3, score: 4 },
      { item: 1, score: 3 },
      { item: 6, score: 3 },
    ])
  })

  it('leaves out what is excluded and the pad, and stops at the catalog', () => {
    expect(topItems(scores, 10, new Set([5, 3])).map(({ item }) => item)).toEqual([1, 6, 2, 4])
  })

  it('gives what sorting all would give, whatever the order of the scores', () => {
    const stream = randomStream(1, 'scores')
    for (let round = 0; round < 200; round++) {
      const items = 1 + stream.integer(90)
      // Few different scores, so that many are tied.
      const some = Float32Array.from(
        { length: items + 1 },
        () => [Number.NEGATIVE_INFINITY, 0, 1, 2, 3][stream.integer(5)] as number,
      )
      if (round % 3 > 0) some.sort()
      if (round % 3 > 1) some.reverse()
      const excluded = new Set(Array.from({ length: stream.integer(8) }, () => 1 + stream.integer(items)))
      const all = Array.from(some, (score, item) => ({ item, score })).filter(
        ({ item }) => item > 0 && !excluded.has(item),
      )
      all.sort((a, b) => (a.score === b.score ? a.item - b.item : a.score < b.score ? 1 : -1))
      const count = 1 + stream.integer(20)
      expect(topItems(some, count, excluded)).toEqual(all.slice(0, count))
    }
  })
})
