import { describe, expect, it } from 'vitest'
import { averageRow, sharesOf } from './score-shares.ts'

describe('shares', () => {
  it('add up to 1, negative ones counting as nothing unless all are', () => {
    expect(sharesOf([1, 3, -2])).toEqual([0.25, 0.75, 0])
    expect(sharesOf([-1, -3])).toEqual([0.25, 0.75])
    expect(sharesOf([0, 0])).toEqual([0.5, 0.5])
  })

  it('are of what differs from the average item; row 0 is no item', () => {
    expect([...averageRow({ table: Float32Array.of(9, 9, 1, 2, 3, 6), width: 2 })]).toEqual([2, 4])
  })
})
