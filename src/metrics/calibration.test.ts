import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calibration, reliability } from './calibration.ts'

const cases = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 1 })), {
  minLength: 1,
  maxLength: 60,
})

describe('calibration', () => {
  it('is what the five impressions of its docstring have', () => {
    expect(calibration([0.9, 0.2, 0.5, 0.4, 0], [1, 0, 1, 1, 0])).toBeCloseTo(2 / 3, 12)
  })
  it('is 1 when as many clicks came as were expected, 2 when half as many', () => {
    expect(calibration([0.25, 0.25, 0.25, 0.25], [0, 0, 1, 0])).toBe(1)
    expect(calibration([0.5, 0.5, 0.5, 0.5], [0, 0, 1, 0])).toBe(2)
  })
  it('is NaN without a click, when a probability is NaN, and with nothing', () => {
    expect(calibration([0.5], [0])).toBeNaN()
    expect(calibration([0.5, Number.NaN], [1, 1])).toBeNaN()
    expect(calibration([], [])).toBeNaN()
  })
})

describe('reliability', () => {
  it('is what the four impressions of its docstring have, in whatever order', () => {
    const [first, second] = reliability([0.8, 0.1, 0.6, 0.3], [1, 0, 1, 1], 2)
    expect(first).toMatchObject({ count: 2, observed: 0.5 })
    expect(first?.predicted).toBeCloseTo((0.1 + 0.3) / 2, 12)
    expect(second).toMatchObject({ count: 2, observed: 1 })
    expect(second?.predicted).toBeCloseTo((0.6 + 0.8) / 2, 12)
  })

  it('has the Wilson interval of each share', () => {
    // z^2 = 3.841459. Of 10, 2 clicked: center (0.2 + 3.841459/20) / (1 + 0.3841459) = 0.392073 / 1.384146 = 0.283260,
    // half 1.959964 / 1.384146 * sqrt(0.2 * 0.8 / 10 + 3.841459 / 400) = 1.416010 * sqrt(0.016 + 0.009604) = 0.226578.
    const [bin] = reliability(Array(10).fill(0.2), [1, 0, 0, 0, 1, 0, 0, 0, 0, 0], 1)
    expect(bin?.low).toBeCloseTo(0.28326 - 0.226578, 5)
    expect(bin?.high).toBeCloseTo(0.28326 + 0.226578, 5)
    // None of 10: low 0, high z^2 / (10 + z^2) = 3.841459 / 13.841459 = 0.277533.
    const [none] = reliability(Array(10).fill(0.2), Array(10).fill(0), 1)
    expect(none?.low).toBeCloseTo(0, 12)
    expect(none?.high).toBeCloseTo(0.277533, 6)
  })

  it('keeps the order of the equally probable, has no empty bin, and none with a NaN', () => {
    expect(reliability([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0], 2).map(({ observed }) => observed)).toEqual([0.5, 0])
    expect(reliability([0.5, 0.4, 0.3], [1, 0, 0]).map(({ count }) => count)).toEqual([1, 1, 1])
    expect(reliability([0.5, Number.NaN], [1, 0])).toEqual([])
    expect(reliability([], [])).toEqual([])
  })

  it('has bins of equal count, in growing order, that add up to all impressions', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 12 }), (cases, bins) => {
        const probabilities = cases.map(([probability]) => probability)
        const labels = cases.map(([, label]) => label)
        const found = reliability(probabilities, labels, bins)
        const counts = found.map(({ count }) => count)
        expect(found.length).toBe(Math.min(bins, cases.length))
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
        const total = (of: (bin: (typeof found)[number]) => number): number =>
          found.reduce((sum, bin) => sum + bin.count * of(bin), 0)
        expect(total(() => 1)).toBe(cases.length)
        expect(total(({ observed }) => observed)).toBeCloseTo(
          labels.reduce((sum, label) => sum + label, 0),
          9,
        )
        expect(total(({ predicted }) => predicted)).toBeCloseTo(
          probabilities.reduce((sum, probability) => sum + probability, 0),
          9,
        )
        found.slice(1).forEach(({ predicted }, at) => {
          expect(predicted).toBeGreaterThanOrEqual((found[at]?.predicted as number) - 1e-12)
        })
        for (const { observed, low, high } of found) {
          expect(low).toBeLessThanOrEqual(observed + 1e-12)
          expect(high).toBeGreaterThanOrEqual(observed - 1e-12)
          expect(high - low).toBeGreaterThan(0)
          expect(low).toBeGreaterThanOrEqual(0)
          expect(high).toBeLessThanOrEqual(1)
        }
      }),
    )
  })
})
