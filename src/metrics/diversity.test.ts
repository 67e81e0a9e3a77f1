import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diversity } from './diversity.ts'

const five = [
  [1, 2],
  [1, 2],
  [1, 3],
  [2, 4],
  [1, 2],
]

describe('diversity', () => {
  it('is what the five users of its docstring have', () => {
    expect(diversity(five, 2)).toBeCloseTo(0.4, 12)
  })

  it('is 0 where all lists are one, 1 where none share an item, and nothing of a single list', () => {
    expect(
      diversity(
        [
          [1, 2],
          [2, 1],
        ],
        2,
      ),
    ).toBe(0)
    expect(
      diversity(
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        2,
      ),
    ).toBe(1)
    expect(diversity([[1, 2]], 2)).toBeNaN()
  })

  it('is the mean over pairs, looked at one by one', () => {
    const list = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(list, { minLength: 2, maxLength: 8 }), (lists) => {
        const pairs = lists.flatMap((one, at) => lists.slice(at + 1).map((other) => [one, other] as const))
        const shares = pairs.map(([one, other]) => one.filter((item) => other.includes(item)).length / 3)
        const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
        expect(diversity(lists, 3)).toBeCloseTo(1 - mean, 12)
      }),
    )
  })
})
