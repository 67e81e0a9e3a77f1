import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Calibrator, calibrated, calibratedPredictor, plattScaling } from './calibrator.ts'
import type { ClickPredictor } from './click-predictor.ts'

/** `count` impressions of one probability, of which so many were clicked. */
const group = (probability: number, count: number, clicks: number): [number, number][] =>
  Array.from({ length: count }, (_, at) => [probability, Number(at < clicks)])
const fitted = (impressions: readonly (readonly [number, number])[]) =>
  plattScaling(
    impressions.map(([probability]) => probability),
    impressions.map(([, label]) => label),
  )

describe('plattScaling', () => {
  it('is what two groups have by hand', () => {
    // 10 clicks of 20: a click counts 11/12, none 1/12. The groups' means are (7 * 11/12 + 3 * 1/12) / 10 = 2/3 and
    // 1/3, which two parameters meet: slope ln 9 + shift = ln 2, and -slope ln 9 + shift = -ln 2.
    const { slope, shift } = fitted([...group(0.9, 10, 7), ...group(0.1, 10, 3)]) ?? { slope: 0, shift: 0 }
    expect(slope).toBeCloseTo(Math.log(2) / Math.log(9), 9)
    expect(shift).toBeCloseTo(0, 9)
  })

  it('lowers what is expected of a model that expects twice the clicks', () => {
    const calibrator = fitted([...group(0.8, 1000, 400), ...group(0.4, 1000, 200)])
    const [high = 0, low = 0] = calibrated(calibrator ?? { slope: 1, shift: 0 }, Float32Array.of(0.8, 0.4))
    expect(high).toBeCloseTo(0.4, 2)
    expect(low).toBeCloseTo(0.2, 2)
  })

  it('stays finite where the model is right about all, or sure beyond float32', () => {
    const { slope = 0, shift = Number.NaN } = fitted([...group(1, 5, 5), ...group(0, 5, 0)]) ?? {}
    expect(slope > 0 && Number.isFinite(slope) && Number.isFinite(shift)).toBe(true)
  })

  it('leaves alone what would turn the order', () => {
    expect(fitted([...group(0.9, 10, 3), ...group(0.1, 10, 7)])).toBeUndefined()
  })

  it('never has a higher log loss on what it was fitted on, with the labels as Platt smooths them', () => {
    const impression = fc.tuple(fc.double({ min: 0.01, max: 0.99, noNaN: true }), fc.integer({ min: 0, max: 1 }))
    fc.assert(
      fc.property(fc.array(impression, { minLength: 2, maxLength: 60 }), (drawn) => {
        const many = drawn.flatMap(([probability, label]) => group(probability, 40, label === 1 ? 39 : 1))
        const calibrator = fitted(many)
        if (!calibrator) return
        const clicks = many.filter(([, label]) => label === 1).length
        const [one, zero] = [(clicks + 1) / (clicks + 2), 1 / (many.length - clicks + 2)]
        const smoothedLoss = ({ slope, shift }: Calibrator): number =>
          many.reduce((sum, [probability, label]) => {
            const z = slope * Math.log(probability / (1 - probability)) + shift
            return sum + Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0) - (label === 1 ? one : zero) * z
          }, 0) / many.length
        expect(smoothedLoss(calibrator)).toBeLessThan(smoothedLoss({ slope: 1, shift: 0 }) + 1e-9)
      }),
      { numRuns: 200 },
    )
  })
})

describe('a calibrated predictor', () => {
  const predictor = {
    gates: ['image'],
    samples: () => Promise.resolve(Float32Array.of(0.9, 0.1)),
    candidates: () => Promise.resolve({ probability: Float32Array.of(0.5), length: 3, reasons: {} }),
  } as unknown as ClickPredictor

  it('calibrates samples and candidates, keeps their order, and leaves the rest', async () => {
    const made = calibratedPredictor(predictor, { slope: 0.5, shift: Math.log(2) })
    // logit(0.9) = ln 9, halved ln 3, plus ln 2: odds of 6. 0.1 has odds of 2 / 3, and 0.5 of 2.
    const found = await made.samples(new Int32Array(2))
    expect(found[0]).toBeCloseTo(6 / 7, 6)
    expect(found[1]).toBeCloseTo(2 / 5, 6)
    const { probability, length } = await made.candidates({ user: 1, item: [], behavior: [] }, [1])
    expect(probability[0]).toBeCloseTo(2 / 3, 6)
    expect([length, made.gates]).toEqual([3, ['image']])
  })
})
