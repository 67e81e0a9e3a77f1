import { describe, expect, it } from 'vitest'
import { cosinesTo, rowLengths } from './nearest-items.ts'

describe('the cosines of items', () => {
  it('are those of their rows, 0 for a row of zeros, and none for the pad and the item itself', () => {
    const scores = { table: Float32Array.of(9, 9, 3, 4, 6, 8, -4, 3, 0, 0), width: 2, bias: false }
    const lengths = rowLengths(scores)
    expect([...lengths].slice(1)).toEqual([5, 10, 5, 0])
    const none = Number.NEGATIVE_INFINITY
    expect([...cosinesTo(scores, 1, lengths)]).toEqual([none, none, 1, 0, 0])
    expect([...cosinesTo(scores, 4, lengths)]).toEqual([none, 0, 0, 0, none])
    // A bias is no part of the vector.
    const biased = { table: Float32Array.of(9, 9, 9, 3, 4, 7, 6, 8, -7), width: 3, bias: true }
    expect([...rowLengths(biased)].slice(1)).toEqual([5, 10])
    expect(cosinesTo(biased, 1, rowLengths(biased))[2]).toBe(1)
  })
})
