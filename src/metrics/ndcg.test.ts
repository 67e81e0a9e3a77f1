import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ndcg } from './ndcg.ts'

const rank = fc.integer({ min: 2, max: 400 }).map((twice) => twice / 2)
const k = fc.integer({ min: 1, max: 100 })

describe('ndcg', () => {
  it('is what the five users of its docstring have', () => {
    const values = [1, 3, 1.5, 3.5, 12].map((rank) => ndcg(rank, 3))
    expect(values).toEqual([1, 1 / 2, 1 / Math.log2(1 + 1.5), 0, 0])
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean).toBeCloseTo((1 + 1 / Math.log2(1 + 3) + 1 / Math.log2(1 + 1.5) + 0 + 0) / 5, 12)
    expect(mean).toBeCloseTo(0.4513, 4)
  })

  it('counts the last of a catalog of 5 when k is beyond it', () => {
    expect(ndcg(5, 20)).toBe(1 / Math.log2(1 + 5))
  })

  it('stays in [0, 1], is 0 outside the list, falls with the rank and grows with k', () => {
    fc.assert(
      fc.property(rank, k, (rank, k) => {
        const value = ndcg(rank, k)
        expect(value).toBeGreaterThanOrEqual(0)
        expect(value).toBeLessThanOrEqual(1)
        expect(value > 0).toBe(rank <= k)
        expect(ndcg(rank + 0.5, k)).toBeLessThanOrEqual(value)
        expect(ndcg(rank, k + 1)).toBeGreaterThanOrEqual(value)
      }),
    )
  })
})
