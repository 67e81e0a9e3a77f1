import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { logLoss, logLosses } from './log-loss.ts'

const probability = fc.double({ min: 0, max: 1, noNaN: true })
const label = fc.integer({ min: 0, max: 1 })

describe('logLoss', () => {
  it('is what the five impressions of its docstring have', () => {
    const [probabilities, labels] = [
      [0.9, 0.2, 0.5, 0.4, 0],
      [1, 0, 1, 1, 0],
    ]
    const expected = [-Math.log(0.9), -Math.log(0.8), -Math.log(0.5), -Math.log(0.4), 0]
    logLosses(probabilities, labels).forEach((loss, at) => {
      expect(loss).toBeCloseTo(expected[at] as number, 6)
    })
    // 0.1054 + 0.2231 + 0.6931 + 0.9163 + 0 = 1.9379
    expect(logLoss(probabilities, labels)).toBeCloseTo(1.9379 / 5, 4)
    expect(logLoss(probabilities, labels)).toBeCloseTo(0.3876, 4)
  })

  it('is ln 2 of a coin, and 16.1 of a sure mistake', () => {
    expect(logLoss([0.5, 0.5], [0, 1])).toBeCloseTo(Math.LN2, 12)
    // -ln(1e-7) = 7 ln(10) = 7 * 2.302585 = 16.118096
    expect(logLoss([0], [1])).toBeCloseTo(16.118096, 6)
    expect(logLoss([1], [0])).toBeCloseTo(16.118096, 6)
  })

  it('is NaN when a probability is NaN, and with nothing', () => {
    expect(logLoss([0.5, Number.NaN], [1, 0])).toBeNaN()
    expect(logLoss([], [])).toBeNaN()
  })

  it('is at least 0, finite, the same when classes change places, and least at the share of clicks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(probability, label), { minLength: 1, maxLength: 30 }),
        probability,
        (cases, other) => {
          const probabilities = cases.map(([probability]) => probability)
          const labels = cases.map(([, label]) => label)
          const loss = logLoss(probabilities, labels)
          expect(loss).toBeGreaterThanOrEqual(0)
          expect(loss).toBeLessThan(16.2)
          const turned = logLoss(
            probabilities.map((probability) => 1 - probability),
            labels.map((label) => 1 - label),
          )
          expect(turned).toBeCloseTo(loss, 6)
          const share = labels.reduce((sum, label) => sum + label, 0) / labels.length
          const always = (constant: number): number => logLoss(Array.from(labels).fill(constant), labels)
          expect(always(share)).toBeLessThanOrEqual(always(other) + 1e-9)
        },
      ),
    )
  })
})
