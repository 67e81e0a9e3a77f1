import { describe, expect, it } from 'vitest'
import { calibration } from './calibration.ts'
import { calibrationError } from './calibration-error.ts'

describe('calibrationError', () => {
  it('is what the four impressions of its docstring have', () => {
    expect(calibrationError([0.8, 0.1, 0.6, 0.3], [1, 0, 1, 1], 2)).toBeCloseTo(0.3, 12)
  })
  it('sees too little here and too much there, which add up to the right number of clicks', () => {
    const [probabilities, labels] = [
      [0.1, 0.1, 0.9, 0.9],
      [1, 0, 1, 0],
    ]
    expect(calibration(probabilities, labels)).toBeCloseTo(1, 12)
    expect(calibrationError(probabilities, labels, 2)).toBeCloseTo(0.4, 12)
  })
  it('is 0 of a constant that is right, whatever the order of labels', () => {
    expect(calibrationError([0.5, 0.5, 0.5, 0.5], [1, 1, 0, 0], 2)).toBe(0)
    expect(calibrationError([0.5, 0.5, 0.25, 0.25], [1, 1, 0, 0], 3)).toBeCloseTo((0.5 + 0.5 + 0.25 + 0.25) / 4, 12)
  })
  it('is 0 where every bin has what it expects, and NaN with nothing or a probability that is NaN', () => {
    expect(calibrationError([0.5, 0.5], [0, 1], 1)).toBe(0)
    expect(calibrationError([], [])).toBeNaN()
    expect(calibrationError([Number.NaN], [1])).toBeNaN()
  })
})
