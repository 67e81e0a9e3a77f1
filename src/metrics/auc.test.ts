import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { auc } from './auc.ts'

const cases = fc.array(fc.tuple(fc.integer({ min: -4, max: 4 }), fc.boolean()), { maxLength: 40 })

/** The definition, pair by pair. */
function byPairs(scores: readonly number[], positive: readonly boolean[]): number {
  let won = 0
  let pairs = 0
  scores.forEach((high, i) => {
    scores.forEach((low, j) => {
      if (!positive[i] || positive[j]) return
      pairs++
      won += high > low ? 1 : high === low ? 1 / 2 : 0
    })
  })
  return won / pairs
}

describe('auc', () => {
  it('is what the five users of its docstring have', () => {
    expect(auc([0.9, 0.4, 0.2, 0.4, 0.1], [1, 1, 1, 0, 0])).toBeCloseTo((2 + 1.5 + 1) / (3 * 2), 12)
    expect((2 + 1.5 + 1) / (3 * 2)).toBe(0.75)
  })

  it('is 1 when all positives are above, 0 when below, a half when all are tied', () => {
    expect(auc([3, 4, 1, 2], [1, 1, 0, 0])).toBe(1)
    expect(auc([1, 2, 3, 4], [1, 1, 0, 0])).toBe(0)
    expect(auc([7, 7, 7], [1, 0, 0])).toBe(0.5)
  })

  it('is NaN without positives, without negatives, with a NaN score, and with nothing', () => {
    expect(auc([1, 2], [0, 0])).toBeNaN()
    expect(auc([1, 2], [1, 1])).toBeNaN()
    expect(auc([1, Number.NaN, 3], [1, 0, 0])).toBeNaN()
    expect(auc([], [])).toBeNaN()
  })

  it('is the share of pairs won, and turns around with the labels', () => {
    fc.assert(
      fc.property(cases, (cases) => {
        const scores = cases.map(([score]) => score)
        const positive = cases.map(([, label]) => label)
        const expected = byPairs(scores, positive)
        fc.pre(!Number.isNaN(expected))
        expect(auc(scores, positive)).toBeCloseTo(expected, 12)
        const turned = auc(
          scores,
          positive.map((label) => !label),
        )
        expect(turned).toBeCloseTo(1 - expected, 12)
      }),
    )
  })
})
