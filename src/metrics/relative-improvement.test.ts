import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aucRatio, relaImpr } from './relative-improvement.ts'

const auc = fc.double({ min: 0.51, max: 1, noNaN: true })

describe('the two relative improvements', () => {
  it('are what the docstrings have of 0.7270 over 0.6585, of which Table 2 prints the ratio', () => {
    // (0.7270 - 0.5) / (0.6585 - 0.5) - 1 = 0.2270 / 0.1585 - 1 = 1.43218 - 1
    expect(relaImpr(0.727, 0.6585)).toBeCloseTo(0.43218, 5)
    // 0.7270 / 0.6585 - 1 = 1.10402 - 1
    expect(aucRatio(0.727, 0.6585)).toBeCloseTo(0.10402, 5)
    expect((100 * aucRatio(0.727, 0.6585)).toFixed(2)).toBe('10.40')
  })

  it('are 0 over themselves; over chance only the ratio is finite', () => {
    expect([relaImpr(0.7, 0.7), aucRatio(0.7, 0.7)]).toEqual([0, 0])
    expect(relaImpr(0.7, 0.5)).toBe(Number.POSITIVE_INFINITY)
    expect(relaImpr(0.5, 0.5)).toBeNaN()
    expect(aucRatio(0.7, 0.5)).toBeCloseTo(0.4, 12)
  })

  it('have the sign of the difference, and the ratio is the smaller gain', () => {
    fc.assert(
      fc.property(auc, auc, (ours, base) => {
        fc.pre(Math.abs(ours - base) > 1e-9)
        expect(Math.sign(relaImpr(ours, base))).toBe(Math.sign(ours - base))
        expect(Math.sign(aucRatio(ours, base))).toBe(Math.sign(ours - base))
        expect(Math.abs(aucRatio(ours, base))).toBeLessThan(Math.abs(relaImpr(ours, base)))
      }),
    )
  })
})
