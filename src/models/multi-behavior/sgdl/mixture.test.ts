import { describe, expect, it } from 'vitest'
import { randomStream } from '../../../random/stream.ts'
import { shareOfLarger } from './mixture.ts'

const drawn = (count: number, mean: number, deviation: number): number[] => {
  const random = randomStream(1, 'mixture', count)
  return Array.from({ length: count }, () => mean + deviation * random.normal())
}

describe('a mixture of two', () => {
  it('finds the share of the larger one, whichever has more numbers', () => {
    const few = Float64Array.from([...drawn(600, 0.2, 0.08), ...drawn(200, 0.8, 0.08)])
    expect(shareOfLarger(few)).toBeCloseTo(0.25, 2)
    expect(shareOfLarger(few.map((value) => 1 - value))).toBeCloseTo(0.75, 2)
  })

  it('shares out numbers between both, by how likely they are of each', () => {
    // Clusters 0, 0 and 1, 1, 1/2: of means 0 and 5/6 and of variances 0 and 1/18, each 0.0005 more. 0 is of the second
    // with a probability of 3/5 N(0; 5/6) against 2/5 N(0; 0), which is 0.0004; the others are of no other.
    expect(shareOfLarger(Float64Array.of(0, 0, 1, 1, 0.51))).toBeCloseTo(0.6, 3)
  })

  it('is none where all numbers are alike', () => {
    expect(shareOfLarger(Float64Array.of(0.3, 0.3, 0.3))).toBe(0)
  })
})
