import { describe, expect, it } from 'vitest'
import { keptNumbers } from './kept-numbers.ts'

describe('kept numbers', () => {
  it('leave when they take too much, those that were asked for the longest time ago first', () => {
    // Two numbers take 16 bytes, and an array 300 beside them.
    const kept = keptNumbers<Float64Array>(2 * 316)
    kept.keep('a', Float64Array.of(1, -Math.PI))
    kept.keep('b', Float64Array.of(2, 0))
    expect(kept.of('a')).toEqual(Float64Array.of(1, -Math.PI))
    kept.keep('c', Float64Array.of(3, 0))
    expect(['a', 'b', 'c'].map((key) => kept.of(key)?.[0])).toEqual([1, undefined, 3])
  })
})
