import { describe, expect, it } from 'vitest'
import { auc } from './auc.ts'
import { calibration, reliability } from './calibration.ts'
import { calibrationError } from './calibration-error.ts'
import { meanAucDifference, meanAucInterval } from './delong.ts'
import { gauc } from './gauc.ts'
import { hitRate } from './hit-rate.ts'
import { logLoss } from './log-loss.ts'
import { mrr } from './mrr.ts'
import { ndcg } from './ndcg.ts'

const [three, two] = [
  [0.1, 0.6, 0.9],
  [0, 1],
]

describe('arrays that do not belong together', () => {
  it.each<[string, () => unknown]>([
    ['auc.positive', () => auc(three, two)],
    ['gauc.positive', () => gauc(three, two, [1, 1, 1])],
    ['gauc.users', () => gauc(three, [0, 1, 1], [1, 1])],
    ['logLoss.labels', () => logLoss(three, two)],
    ['calibration.labels', () => calibration(three, two)],
    ['reliability.labels', () => reliability(three, two)],
    ['calibrationError.labels', () => calibrationError(three, two)],
  ])('%s is refused in a sentence', (where, measure) => {
    expect(measure).toThrow(
      `${where}: mismatched: 2 values, expected 3, as many as in ${/^(auc|gauc)/.test(where) ? 'scores' : 'probabilities'}`,
    )
  })

  it('a run of other impressions is refused by the intervals of AUCs', () => {
    const message = 'scores: mismatched: 3 values, expected 2, as many as in labels'
    expect(() => meanAucInterval([two, three], two)).toThrow(`meanAucInterval.${message}`)
    expect(() => meanAucDifference([two], [three], two)).toThrow(`meanAucDifference.${message}`)
  })
})

describe('ranks counted from 0', () => {
  it.each([
    ['ndcg', ndcg],
    ['hitRate', hitRate],
    ['mrr', mrr],
  ] as const)('%s refuses them: the best would be infinitely good, or all too good by one place', (name, metric) => {
    expect(() => metric(0, 10)).toThrow(`${name}.rank: invalid: 0, expected a rank from 1`)
    expect(metric(1, 10)).toBe(1)
    expect(metric(Number.NaN, 10)).toBe(0)
  })
})
