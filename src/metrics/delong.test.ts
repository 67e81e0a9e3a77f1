import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomStream } from '../random/stream.ts'
import { auc } from './auc.ts'
import { meanAucDifference, meanAucInterval } from './delong.ts'

type Runs = readonly (readonly number[])[]

// Two of each class at least; few distinct scores, so that ties are common.
const score = fc.integer({ min: -3, max: 3 })
const impressions = fc
  .array(fc.record({ label: fc.boolean(), ours: fc.tuple(score, score, score), theirs: fc.tuple(score, score) }), {
    minLength: 4,
    maxLength: 24,
  })
  .map((rows) => rows.map((row, at) => (at < 4 ? { ...row, label: at % 2 === 0 } : row)))
  .map((rows) => ({
    labels: rows.map(({ label }) => label),
    ours: [0, 1, 2].map((run) => rows.map(({ ours }) => ours[run] as number)),
    theirs: [0, 1].map((run) => rows.map(({ theirs }) => theirs[run] as number)),
  }))

/**
 * DeLong et al. as written: components pair by pair, then the covariance of every two runs, then the variance of the
 * weighted sum.
 */
function byPairs(runs: Runs, weights: readonly number[], labels: readonly boolean[]): { mean: number; half: number } {
  const sum = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)
  const classOf = (scores: readonly number[], wanted: boolean): number[] =>
    scores.filter((_, at) => labels[at] === wanted)
  const won = (high: number, low: number): number => (high > low ? 1 : high === low ? 1 / 2 : 0)
  const components = runs.map((scores) => {
    const [positives, negatives] = [classOf(scores, true), classOf(scores, false)]
    return {
      V10: positives.map((high) => sum(negatives.map((low) => won(high, low))) / negatives.length),
      V01: negatives.map((low) => sum(positives.map((high) => won(high, low))) / positives.length),
    }
  })
  const aucs = components.map(({ V10 }) => sum(V10) / V10.length)
  const covariance = (side: 'V10' | 'V01', r: number, s: number): number => {
    const [first, second] = [components[r]?.[side] ?? [], components[s]?.[side] ?? []]
    const products = first.map(
      (value, at) => (value - (aucs[r] as number)) * ((second[at] as number) - (aucs[s] as number)),
    )
    return sum(products) / (first.length - 1) / first.length
  }
  const variance = sum(
    weights.flatMap((w, r) => weights.map((v, s) => w * v * (covariance('V10', r, s) + covariance('V01', r, s)))),
  )
  return {
    mean: sum(aucs.map((value, run) => value * (weights[run] as number))),
    half: 1.959963984540054 * Math.sqrt(Math.max(0, variance)),
  }
}

// Positives 0.9, 0.4, 0.2, negatives 0.4, 0.1: the example of the docstring.
const labels = [1, 1, 1, 0, 0]
const ours = [0.9, 0.4, 0.2, 0.4, 0.1]

describe('meanAucInterval', () => {
  it('is what the example of its docstring has', () => {
    const { mean, low, high } = meanAucInterval([ours], labels)
    expect(mean).toBeCloseTo((1 + 0.75 + 0.5) / 3, 12)
    expect(low).toBeCloseTo(0.75 - 1.959964 * Math.sqrt(0.0625 / 3 + 0.125 / 2), 6)
    expect(low).toBeCloseTo(0.1842, 4)
    expect(high).toBe(1)
  })

  it('has no width when every pair is won, no bounds with one positive, and nothing with a NaN or without a class', () => {
    expect(meanAucInterval([[3, 4, 1, 2]], [1, 1, 0, 0])).toEqual({ mean: 1, low: 1, high: 1 })
    expect(meanAucInterval([[3, 1, 2]], [1, 0, 0])).toEqual({ mean: 1, low: Number.NaN, high: Number.NaN })
    const nothing = { mean: Number.NaN, low: Number.NaN, high: Number.NaN }
    expect(meanAucInterval([[3, 4, Number.NaN, 2]], [1, 1, 0, 0])).toEqual(nothing)
    expect(meanAucInterval([[3, Number.NaN, 1, 2]], [1, 1, 0, 0])).toEqual(nothing)
    expect(meanAucInterval([[3, 4]], [1, 1])).toEqual(nothing)
    expect(meanAucInterval([[3, 4]], [0, 0])).toEqual(nothing)
    expect(meanAucInterval([[]], [])).toEqual(nothing)
    expect(meanAucInterval([], labels)).toEqual(nothing)
  })

  it('is the mean of the exact AUCs with the interval of DeLong as written', () => {
    fc.assert(
      fc.property(impressions, ({ ours, labels }) => {
        const { mean, low, high } = meanAucInterval(ours, labels)
        expect(mean).toBeCloseTo(ours.reduce((sum, scores) => sum + auc(scores, labels), 0) / 3, 12)
        const expected = byPairs(ours, [1 / 3, 1 / 3, 1 / 3], labels)
        expect(low).toBeCloseTo(Math.max(0, mean - expected.half), 6)
        expect(high).toBeCloseTo(Math.min(1, mean + expected.half), 6)
      }),
    )
  })

  it('of a run and its copies is that of the run', () => {
    fc.assert(
      fc.property(impressions, ({ ours: [run = []], labels }) => {
        const [one, two] = [meanAucInterval([run], labels), meanAucInterval([run, run], labels)]
        expect(two).toEqual(one)
      }),
    )
  })

  it('holds the true AUC about 95 times in 100', () => {
    // Scores of positives are uniform in [0, 1], of negatives the square of such a number: P(u > v^2) = E[1 - v^2] =
    // 2/3.
    const stream = randomStream(1, 'coverage')
    const rounds = 500
    let held = 0
    for (let round = 0; round < rounds; round++) {
      const labels = Array.from({ length: 160 }, (_, at) => at % 2 === 0)
      const { low, high } = meanAucInterval(
        [labels.map((label) => (label ? stream.uniform() : stream.uniform() ** 2))],
        labels,
      )
      if (low <= 2 / 3 && high >= 2 / 3) held++
    }
    expect(held / rounds).toBeGreaterThan(0.92)
    expect(held / rounds).toBeLessThan(0.98)
  })
})

describe('meanAucDifference', () => {
  it('is what two models on the example have', () => {
    // Theirs: positives 0.5, 0.3, 0.1, negatives 0.2, 0.4.  V10 = 1, 0.5, 0   V01 = 2/3, 1/3   AUC 0.5
    // Ours less theirs: V10 = 0, 0.25, 0.5, mean 0.25, variance (0.25^2 + 0 + 0.25^2) / 2 = 0.0625
    //                   V01 = -1/6, 2/3, mean 0.25, variance 2 * (5/12)^2 / 1 = 0.347222
    // 0.0625 / 3 + 0.347222 / 2 = 0.194444, deviation 0.440959: 0.25 +- 0.864263, cut to 1
    const theirs = [0.5, 0.3, 0.1, 0.2, 0.4]
    const { mean, low, high } = meanAucDifference([ours], [theirs], labels)
    expect(mean).toBeCloseTo(0.25, 12)
    expect(low).toBeCloseTo(0.25 - 0.864263, 5)
    expect(high).toBe(1)
  })

  it('is the difference of means with the interval of DeLong as written', () => {
    fc.assert(
      fc.property(impressions, ({ ours, theirs, labels }) => {
        const { mean, low, high } = meanAucDifference(ours, theirs, labels)
        const expected = byPairs([...ours, ...theirs], [1 / 3, 1 / 3, 1 / 3, -1 / 2, -1 / 2], labels)
        expect(mean).toBeCloseTo(expected.mean, 12)
        expect(low).toBeCloseTo(Math.max(-1, mean - expected.half), 6)
        expect(high).toBeCloseTo(Math.min(1, mean + expected.half), 6)
      }),
    )
  })

  it('is 0 without width from itself, turns around with the models, and does not see a growing transformation', () => {
    fc.assert(
      fc.property(impressions, ({ ours, theirs, labels }) => {
        expect(meanAucDifference(ours, ours, labels)).toEqual({ mean: 0, low: 0, high: 0 })
        const [there, back] = [meanAucDifference(ours, theirs, labels), meanAucDifference(theirs, ours, labels)]
        expect(back.mean).toBeCloseTo(-there.mean, 12)
        expect(back.low).toBeCloseTo(Math.max(-1, -there.high), 12)
        expect(back.high).toBeCloseTo(-there.low, 12)
        const grown = ours.map((scores) => scores.map((score) => Math.exp(score) + 7))
        expect(meanAucDifference(grown, theirs, labels)).toEqual(there)
      }),
    )
  })
})
