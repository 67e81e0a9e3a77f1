/** @file How good a model's probabilities of clicks are: order, loss and calibration, with intervals. */
import type { ClickSamples } from '../dataset/click-samples.ts'
import { UserError } from '../errors.ts'
import { type ReliabilityBin, reliability } from '../metrics/calibration.ts'
import { meanAucDifference, meanAucInterval } from '../metrics/delong.ts'
import { gaucTerms } from '../metrics/gauc.ts'
import { aucRatio, relaImpr } from '../metrics/relative-improvement.ts'
import { type ClickMetric, type ClickMetricName, clickMetrics } from '../metrics/table.ts'
import { bootstrapMeans, type Interval } from './intervals.ts'

/** What a model says of impressions, with the truth beside it. */
export interface Predictions {
  readonly kind: 'clicks'
  readonly model: string
  /** [impressions], in [0, 1]: the model's own, before any calibration. */
  readonly probability: Float32Array | Float64Array
  /** [impressions]: the same, calibrated, where the run has a calibration. */
  readonly calibrated?: Float32Array
  /** [impressions], 1 where clicked, else 0. */
  readonly label: Uint8Array
  /** [impressions]: who was shown the item. */
  readonly user: Int32Array
  /** [impressions]: 1 where training gave the user a row of his own, 0 where he reads that of all unknown ones. */
  readonly known?: Uint8Array
}

/** How good one model is on impressions; JSON can hold it. */
export interface ClickReport {
  readonly model: string
  /** What tables call it, where the model says too little. */
  readonly name?: string
  readonly impressions: number
  readonly clicks: number
  readonly users: number
  /** The users who have both clicks and non-clicks: those whom GAUC counts. */
  readonly usersOfBoth: number
  /** Every metric of clicks, with the interval that the table of metrics says, if it has one. */
  readonly figures: Readonly<Record<ClickMetricName, Interval>>
  readonly reliability: readonly ReliabilityBin[]
}

/** How much better one model is than another on the same impressions. */
export interface ClickComparison {
  /** Of the AUCs, by DeLong's covariance. */
  readonly difference: Interval
  /** Yan et al.'s figure, a share (R-D9). */
  readonly relaImpr: number
  /** Whether the AUC of the other is told apart from chance: RelaImpr divides by what it is above that. */
  readonly overChance: boolean
  /** The plain ratio of AUCs less 1, a share (R-D9). */
  readonly aucRatio: number
}

/** Of the resamples: the same for all models, so that their intervals can be read side by side. */
const seed = 1

/**
 * The figures of one model's predictions.
 * @throws UserError `invalid` for a probability outside [0, 1] or NaN, a label other than 0 and 1, and labels of one
 * class;
 * `mismatched` when the arrays are not of one length
 */
export function clickReport(predictions: Predictions): ClickReport {
  checkPredictions(predictions)
  const { model, probability, label, user } = predictions
  const figures = clickMetrics.map(([name, metric]) => [name, figureOf(metric, predictions)] as const)
  return {
    model,
    impressions: label.length,
    clicks: clicksOf(label),
    users: new Set(user).size,
    usersOfBoth: new Set(gaucTerms(probability, label, user).user).size,
    figures: Object.fromEntries(figures) as ClickReport['figures'],
    reliability: reliability(probability, label),
  }
}

/**
 * A metric averaged over runs of one model on the same impressions: by DeLong, or with users resampled where it is a
 * mean over impressions, so that runs can be averaged impression by impression; else without an interval.
 * @param seed of the resamples
 */
export function meanClickFigure(metric: ClickMetric, runs: readonly Predictions[], seed: number): Interval {
  const [{ label, user }] = runs as readonly [Predictions]
  if (metric.interval === 'DeLong')
    return meanAucInterval(
      runs.map(({ probability }) => probability),
      label,
    )
  if (metric.interval !== 'impressions' || !metric.terms)
    return { mean: runs.reduce((sum, run) => sum + metric.formula(run), 0) / runs.length }
  return bootstrapMeans([meanTerms(metric.terms, runs)], user, { seed })[0] as Interval
}

/** What each impression has, averaged over runs. */
function meanTerms(termsOf: NonNullable<ClickMetric['terms']>, runs: readonly Predictions[]): Float64Array {
  const terms = runs.map(termsOf)
  const count = runs[0]?.label.length ?? 0
  return Float64Array.from(
    { length: count },
    (_, at) => terms.reduce((sum, { values }) => sum + (values[at] as number), 0) / runs.length,
  )
}

/**
 * A metric that is a mean over impressions, averaged over the runs of one model, less that of another's, impression by
 * impression; users are resampled.
 */
export function meanClickDifference(
  { terms }: ClickMetric & Required<Pick<ClickMetric, 'terms'>>,
  ours: readonly Predictions[],
  theirs: readonly Predictions[],
  seed: number,
): Interval {
  const base = meanTerms(terms, theirs)
  const less = meanTerms(terms, ours).map((value, at) => value - (base[at] as number))
  const [{ user }] = ours as readonly [Predictions]
  return bootstrapMeans([less], user, { seed })[0] as Interval
}

/** A metric of one run: also where it is a mean over the users who count, users are resampled. */
function figureOf(metric: ClickMetric, predictions: Predictions): Interval {
  if (metric.interval !== 'users' || !metric.terms) return meanClickFigure(metric, [predictions], seed)
  const { values, user } = metric.terms(predictions)
  return bootstrapMeans([values], user, { seed })[0] as Interval
}

/**
 * How much better model a is than model b.
 * @throws UserError `mismatched` when the two did not see the same impressions in the same order, and as {@link
 * clickReport}
 */
export function compareClicks(a: Predictions, b: Predictions): ClickComparison {
  for (const predictions of [a, b]) checkPredictions(predictions)
  checkSame(a, b)
  const [ours, { mean: base, low }] = [a, b].map(({ probability, label }) => meanAucInterval([probability], label)) as [
    Interval,
    Interval,
  ]
  const difference = meanAucDifference([a.probability], [b.probability], a.label)
  return {
    difference,
    relaImpr: relaImpr(ours.mean, base),
    overChance: (low ?? 0) > 0.5,
    aucRatio: aucRatio(ours.mean, base),
  }
}

/** The name of the constant that models of clicks are held against. */
export const baseRateName = 'base rate'

/** The share of clicks among the samples that train. */
export const clickShare = ({ train, label }: Pick<ClickSamples, 'train' | 'label'>): number =>
  train.reduce((clicks, sample) => clicks + (label[sample] as number), 0) / train.length

/**
 * What a constant says of impressions, whatever is shown to whom.
 * @param share see {@link clickShare}
 */
export function baseRate(share: number, { label, user }: Pick<Predictions, 'label' | 'user'>): Predictions {
  const probability = new Float64Array(label.length).fill(share)
  return { kind: 'clicks', model: baseRateName, probability, label, user }
}

function checkSame(a: Predictions, b: Predictions): void {
  const refuse = (value: string): never => {
    throw new UserError({
      where: `${a.model} and ${b.model}`,
      problem: 'mismatched',
      value,
      expected: 'the same impressions in the same order',
    })
  }
  if (a.label.length !== b.label.length) refuse(`${a.label.length} and ${b.label.length} impressions`)
  const other = a.label.findIndex((label, at) => label !== b.label[at] || a.user[at] !== b.user[at])
  if (other >= 0) refuse(`another user or label at impression ${other + 1}`)
}

const clicksOf = (label: Uint8Array): number => label.reduce((sum, value) => sum + value, 0)

/** Refuses predictions that have no figures. @throws UserError as {@link clickReport} */
export function checkPredictions({ model, probability, label, user }: Predictions): void {
  const impressions = label.length
  if (probability.length !== impressions || user.length !== impressions) {
    const value = `${probability.length} probabilities, ${impressions} labels and ${user.length} users`
    throw new UserError({ where: model, problem: 'mismatched', value, expected: 'one of each for every impression' })
  }
  const strange = label.findIndex((value) => value > 1)
  if (strange >= 0)
    throw new UserError({
      where: `${model} impression ${strange + 1}`,
      problem: 'invalid',
      value: `label ${label[strange]}`,
      expected: '0 or 1',
    })
  const wild = probability.findIndex((value) => !(value >= 0 && value <= 1))
  if (wild >= 0) {
    const value = `probability ${probability[wild]}`
    throw new UserError({
      where: `${model} impression ${wild + 1}`,
      problem: 'invalid',
      value,
      expected: 'a number from 0 to 1',
    })
  }
  const clicks = clicksOf(label)
  if (clicks === 0 || clicks === impressions) {
    const value = `${clicks} clicks in ${impressions} impressions`
    throw new UserError({ where: model, problem: 'invalid', value, hint: 'AUC needs both clicks and non-clicks' })
  }
}
