import { describe, expect, it } from 'vitest'
import { gauc } from '../metrics/gauc.ts'
import { metrics } from '../metrics/table.ts'
import { randomStream } from '../random/stream.ts'
import { baseRate, clickReport, clickShare, compareClicks, meanClickFigure, type Predictions } from './clicks.ts'

// Five users: the second and third have an AUC of 0.5, the first of 1, the last two have one class.
const predictions: Predictions = {
  kind: 'clicks',
  model: 'din',
  user: Int32Array.of(4, 1, 2, 3, 2, 5, 1, 3, 2, 4),
  probability: Float64Array.of(0.7, 0.9, 0.6, 0.5, 0.2, 0.4, 0.3, 0.5, 0.1, 0.8),
  label: Uint8Array.of(1, 1, 0, 1, 1, 0, 0, 0, 0, 1),
}
const drop = (column: Uint8Array): Uint8Array => column.slice(1)

describe('clickReport', () => {
  const report = clickReport(predictions)
  const { figures } = report

  it('counts impressions, clicks and users', () => {
    expect(report).toMatchObject({ model: 'din', impressions: 10, clicks: 5, users: 5 })
  })

  it('has the AUC of all, with an interval around it', () => {
    // Clicked 0.7, 0.9, 0.5, 0.2, 0.8, not clicked 0.6, 0.4, 0.3, 0.5, 0.1: pairs won 5 + 5 + 3.5 + 1 + 5 = 19.5 of 25.
    expect(figures.auc.mean).toBeCloseTo(19.5 / 25, 12)
    expect(figures.auc.low).toBeLessThan(0.78)
    expect(figures.auc.high).toBeGreaterThan(0.78)
  })

  it('has the GAUC, which weighs users by impressions, and resamples users who count', () => {
    expect(figures.gauc.mean).toBeCloseTo((2 * 1 + 3 * 0.5 + 2 * 0.5) / 7, 12)
    expect(report.usersOfBoth).toBe(3)
    // Of the three users drawn none is the first in 8 of 27 resamples, which gives 0.5; all are in 1 of 27, 3.7 %,
    // which gives 1.
    expect(figures.gauc).toMatchObject({ low: 0.5, high: 1 })
  })

  it('has the log loss and the calibration', () => {
    // -ln of 0.7 0.9 0.5 0.2 0.8 where clicked, of 0.4 0.6 0.7 0.5 0.9 where not, ten terms:
    // 0.356675 + 0.105361 + 0.693147 + 1.609438 + 0.223144 + 0.916291 + 0.510826 + 0.356675 + 0.693147 + 0.105361 =
    // 5.570065
    expect(figures.logLoss.mean).toBeCloseTo(0.5570065, 6)
    expect(figures.logLoss.low).toBeLessThan(0.557)
    expect(figures.logLoss.high).toBeGreaterThan(0.557)
    // 0.7 + 0.9 + 0.6 + 0.5 + 0.2 + 0.4 + 0.3 + 0.5 + 0.1 + 0.8 = 5 expected, 5 came
    expect(figures.calibration.mean).toBeCloseTo(1, 12)
    expect(Object.keys(figures.calibration)).toEqual(['mean'])
  })

  it('has ten bins, from the least probable up', () => {
    expect(report.reliability.map(({ predicted }) => predicted)).toEqual([
      0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.6, 0.7, 0.8, 0.9,
    ])
    // The two of 0.5 stand as they came: the clicked one first.
    expect(report.reliability.map(({ observed }) => observed)).toEqual([0, 1, 0, 0, 1, 0, 0, 1, 1, 1])
  })

  it('is the same each time, and survives JSON', () => {
    expect(clickReport(predictions)).toEqual(report)
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it('agrees with GAUC on many impressions in no order', () => {
    const stream = randomStream(1, 'clicks')
    const user = Int32Array.from({ length: 3000 }, () => 1 + stream.integer(200))
    const probability = Float32Array.from(user, () => stream.uniform())
    const label = Uint8Array.from(probability, (value) => (stream.uniform() < value ? 1 : 0))
    const { figures, usersOfBoth } = clickReport({ kind: 'clicks', model: 'm', user, probability, label })
    const expected = gauc(probability, label, user)
    expect(figures.gauc.mean).toBeCloseTo(expected.mean, 12)
    expect(usersOfBoth).toBe(expected.users)
  })

  it('has no GAUC when no user has both classes', () => {
    const { figures, usersOfBoth } = clickReport({
      ...predictions,
      user: Int32Array.from({ length: 10 }, (_, at) => at + 1),
    })
    expect([figures.gauc, usersOfBoth]).toEqual([{ mean: Number.NaN }, 0])
  })

  it('refuses what is no probability, no label, of one class or of several lengths', () => {
    const refused = (change: Partial<Predictions>, message: string) =>
      expect(() => clickReport({ ...predictions, ...change })).toThrow(message)
    const probability = (third: number) => ({ probability: predictions.probability.with(2, third) })
    refused(probability(Number.NaN), 'din impression 3: invalid: probability NaN, expected a number from 0 to 1')
    refused(probability(1.5), 'din impression 3: invalid: probability 1.5, expected a number from 0 to 1')
    refused(probability(-0.5), 'din impression 3: invalid: probability -0.5, expected a number from 0 to 1')
    refused({ label: predictions.label.with(0, 2) }, 'din impression 1: invalid: label 2, expected 0 or 1')
    refused(
      { label: new Uint8Array(10) },
      'din: invalid: 0 clicks in 10 impressions. AUC needs both clicks and non-clicks',
    )
    refused(
      { label: new Uint8Array(10).fill(1) },
      'din: invalid: 10 clicks in 10 impressions. AUC needs both clicks and non-clicks',
    )
    refused(
      { label: drop(predictions.label) },
      'din: mismatched: 10 probabilities, 9 labels and 10 users, expected one of each for every impression',
    )
    const none = { probability: new Float32Array(0), label: new Uint8Array(0), user: new Int32Array(0) }
    refused(none, 'din: invalid: 0 clicks in 0 impressions. AUC needs both clicks and non-clicks')
  })
})

describe('compareClicks', () => {
  it('has the difference of AUCs and both relative improvements', () => {
    // Half sure of everything: AUC 0.5 from ties, over which RelaImpr is infinite; one click above the rest: (5 + 4 *
    // 2.5) / 25 = 0.6.
    const base = { ...predictions, model: 'lr', probability: new Float64Array(10).fill(0.5).with(0, 0.6) }
    const sure = { ...predictions, probability: Float64Array.from(predictions.label, (label) => 0.2 + 0.6 * label) }
    const { difference, relaImpr, overChance, aucRatio } = compareClicks(predictions, base)
    expect([overChance, compareClicks(base, sure).overChance]).toEqual([false, true])
    expect(difference.mean).toBeCloseTo(0.78 - 0.6, 12)
    expect(difference.low).toBeLessThan(0.18)
    expect(difference.high).toBeGreaterThan(0.18)
    // 0.28 / 0.1 - 1 = 1.8 and 0.78 / 0.6 - 1 = 0.3
    expect(relaImpr).toBeCloseTo(1.8, 12)
    expect(aucRatio).toBeCloseTo(0.3, 12)
  })

  it('finds no difference from itself', () => {
    expect(compareClicks(predictions, predictions)).toEqual({
      difference: { mean: 0, low: 0, high: 0 },
      relaImpr: 0,
      overChance: false,
      aucRatio: 0,
    })
  })

  it('refuses other impressions, and what a report refuses', () => {
    const expected = 'expected the same impressions in the same order'
    const refused = (change: Partial<Predictions>, message: string) =>
      expect(() => compareClicks(predictions, { ...predictions, model: 'lr', ...change })).toThrow(message)
    refused(
      { user: predictions.user.with(3, 9) },
      `din and lr: mismatched: another user or label at impression 4, ${expected}`,
    )
    refused(
      { label: predictions.label.with(4, 0) },
      `din and lr: mismatched: another user or label at impression 5, ${expected}`,
    )
    const shorter = {
      user: predictions.user.slice(1),
      label: drop(predictions.label),
      probability: predictions.probability.slice(1),
    }
    refused(shorter, `din and lr: mismatched: 10 and 9 impressions, ${expected}`)
    refused({ probability: predictions.probability.with(0, 2) }, 'lr impression 1: invalid: probability 2')
  })
})

describe('meanClickFigure', () => {
  // The second run is half sure of everything: AUC and GAUC 0.5, log loss ln 2, and 5 expected clicks, as many as came.
  const runs = [predictions, { ...predictions, probability: new Float64Array(10).fill(0.5) }]
  const mean = (name: 'auc' | 'gauc' | 'logLoss' | 'calibration') => meanClickFigure(metrics[name], runs, 1)

  it('averages each metric over the runs', () => {
    expect(mean('auc').mean).toBeCloseTo((0.78 + 0.5) / 2, 12)
    expect(mean('gauc').mean).toBeCloseTo((4.5 / 7 + 0.5) / 2, 12)
    expect(mean('logLoss').mean).toBeCloseTo((0.5570065 + Math.LN2) / 2, 6)
    expect(mean('calibration').mean).toBeCloseTo(1, 12)
  })

  it('has an interval where runs can be averaged impression by impression', () => {
    expect(['auc', 'gauc', 'logLoss', 'calibration'].map((name) => 'low' in mean(name as 'auc'))).toEqual([
      true,
      false,
      true,
      false,
    ])
  })
})

describe('the base rate', () => {
  it('is the share of clicks that trained, for every impression', () => {
    const label = Uint8Array.of(1, 0, 0, 1)
    const shown = {
      kind: 'clicks',
      model: 'din',
      probability: new Float32Array(4),
      label,
      user: Int32Array.of(1, 1, 2, 2),
    } as const
    const constant = baseRate(
      clickShare({ train: Int32Array.of(0, 2, 3, 4, 5), label: Uint8Array.of(1, 1, 0, 0, 0, 0) }),
      shown,
    )
    expect([...constant.probability]).toEqual([0.2, 0.2, 0.2, 0.2])
    // Half of the pairs are in order, as all are tied; the loss is -(ln 0.2 + ln 0.8) / 2.
    const { figures } = clickReport(constant)
    expect(figures.auc.mean).toBe(0.5)
    expect(figures.logLoss.mean).toBeCloseTo(-(Math.log(0.2) + Math.log(0.8)) / 2, 6)
  })
})
