import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectedRank } from './expected-rank.ts'

// Few distinct values, so that ties are common.
const score = fc.integer({ min: -3, max: 3 })
const scores = fc.array(score, { maxLength: 30 })

describe('expectedRank', () => {
  it('is what the five users of its docstring have', () => {
    expect(expectedRank(0.9, [0.1, 0.2, 0.3, 0.4])).toBe(1)
    expect(expectedRank(0.5, [0.7, 0.6, 0.1, 0.2])).toBe(1 + 2)
    expect(expectedRank(0.5, [0.5, 0.1, 0.2, 0.3])).toBe(1 + 0 + 1 / 2)
    expect(expectedRank(0.5, [0.5, 0.5, 0.5, 0.5])).toBe(1 + 0 + 4 / 2)
    expect(expectedRank(0.1, [0.9, 0.1, 0.1, 0])).toBe(1 + 1 + 2 / 2)
  })

  it('is 1 where there is nobody else', () => {
    expect(expectedRank(0, [])).toBe(1)
  })

  it('is NaN when a score is NaN', () => {
    expect(expectedRank(Number.NaN, [1])).toBeNaN()
    expect(expectedRank(Number.NaN, [])).toBeNaN()
    expect(expectedRank(1, [0, Number.NaN])).toBeNaN()
  })

  it('is the mean rank over the two ways to break ties', () => {
    fc.assert(
      fc.property(score, scores, (target, others) => {
        const best = 1 + others.filter((other) => other > target).length
        const worst = 1 + others.filter((other) => other >= target).length
        expect(expectedRank(target, others)).toBe((best + worst) / 2)
      }),
    )
  })

  it('does not depend on the order of the candidates, nor on a growing transformation of scores', () => {
    fc.assert(
      fc.property(score, scores, (target, others) => {
        const rank = expectedRank(target, others)
        expect(expectedRank(target, [...others].reverse())).toBe(rank)
        expect(expectedRank(Math.exp(target), others.map(Math.exp))).toBe(rank)
      }),
    )
  })
})
