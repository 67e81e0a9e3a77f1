import { describe, expect, it } from 'vitest'
import { popularItems } from './popular-items.ts'

// Items 1 to 3 are shoes, 4 and 5 hats, 6 is of no known kind, and 7 and 8 are shoes that were never a target.
const list = popularItems(Float32Array.of(Number.NEGATIVE_INFINITY, 9, 8, 7, 5, 6, 1, 0, 0))
const kind = { values: Int32Array.of(0, 1, 1, 1, 2, 2, 0, 1, 1), vocabulary: ['', 'shoes', 'hats'] }
const everyItem = (item: number): boolean => item > 0
const listed = (count: number, { fields = { kind }, isAllowed = everyItem } = {}): number[] =>
  list(count, { fields }, isAllowed).map(({ item }) => item)

describe('popular items', () => {
  it('take turns by kind, the kinds by their most popular item; those never a target come last', () => {
    expect(listed(8)).toEqual([1, 5, 6, 2, 4, 3, 7, 8])
    expect(listed(4)).toEqual([1, 5, 6, 2])
    expect(list(2, { fields: { kind } }, () => true)).toEqual([
      { item: 1, score: 9 },
      { item: 5, score: 6 },
    ])
  })

  it('are those that are allowed, and plainly by popularity without a field', () => {
    expect(listed(8, { isAllowed: (item) => item !== 1 && item !== 8 })).toEqual([2, 5, 6, 3, 4, 7])
    expect(listed(4, { fields: {} as { kind: typeof kind } })).toEqual([1, 2, 3, 5])
  })
})
