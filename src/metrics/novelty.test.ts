import { describe, expect, it } from 'vitest'
import { novelty } from './novelty.ts'

describe('novelty', () => {
  it('is what the five users of its docstring have', () => {
    const found = novelty([[1], [1], [2], [3], [1]], [0, 5, 0, 0])
    expect(found).toBeCloseTo((3 * -Math.log2(6 / 8) + 2 * 3) / 5, 12)
    expect(found).toBeCloseTo(1.449, 3)
  })

  it('is log2 of the catalog where all items are known alike, and reads no pad', () => {
    expect(novelty([[1, 2], [4]], [99, 2, 2, 2, 2])).toBeCloseTo(2, 12)
    expect(novelty([], [0, 1])).toBeNaN()
  })
})
