import { describe, expect, it } from 'vitest'
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
})
