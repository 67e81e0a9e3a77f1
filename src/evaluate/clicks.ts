/** @file How good a model's probabilities of clicks are: order, loss and calibration, with intervals. */
import { UserError } from '../errors.ts'
import { calibration, type ReliabilityBin, reliability } from '../metrics/calibration.ts'
import { meanAucDifference, meanAucInterval } from '../metrics/delong.ts'
import { userAucs } from '../metrics/gauc.ts'
import { logLosses } from '../metrics/log-loss.ts'
import { aucRatio, relaImpr } from '../metrics/relative-improvement.ts'
import { bootstrapMeans, type Interval } from './intervals.ts'
import { drawTable, printInterval, type TableOptions } from './report.ts'

/** What a model says of impressions, with the truth beside it. */
export interface Predictions {
  readonly model: string
  /** [impressions], in [0, 1]. */
  readonly probability: Float32Array | Float64Array
  /** [impressions], 1 where clicked, else 0. */
  readonly label: Uint8Array
  /** [impressions]: who was shown the item. */
  readonly user: Int32Array
}

/** How good one model is on impressions; JSON can hold it. */
export interface ClickReport {
  readonly model: string
  readonly impressions: number
  readonly clicks: number
  readonly users: number
  /** By DeLong, impressions taken as independent. */
  readonly auc: Interval
  /** Over the users who have both clicks and non-clicks, and how many they are; users resampled. The mean is NaN of no user. */
  readonly gauc: Interval & { readonly users: number }
  /** In nats an impression; users resampled. */
  readonly logLoss: Interval
  /** Expected over observed clicks. */
  readonly calibration: number
  readonly reliability: readonly ReliabilityBin[]
}

/** How much better one model is than another on the same impressions. */
export interface ClickComparison {
  /** Of the AUCs, by DeLong's covariance. */
  readonly difference: Interval
  /** Yan et al.'s figure, a share (R-D9). */
  readonly relaImpr: number
  /** The plain ratio of AUCs less 1, a share (R-D9). */
  readonly aucRatio: number
}

/** Of the resamples: the same for all models, so that their intervals can be read side by side. */
const seed = 1

/**
 * The figures of one model's predictions.
 * @throws UserError `invalid` for a probability outside [0, 1] or NaN, a label other than 0 and 1, and labels of one class;
 * `mismatched` when the arrays are not of one length
 */
export function clickReport(predictions: Predictions): ClickReport {
  checkPredictions(predictions)
  const { model, probability, label, user } = predictions
  const [logLoss] = bootstrapMeans([logLosses(probability, label)], user, { seed }) as [Interval]
  return {
    model,
    impressions: label.length,
    clicks: clicksOf(label),
    users: new Set(user).size,
    auc: meanAucInterval([probability], label),
    gauc: gaucInterval(predictions),
    logLoss,
    calibration: calibration(probability, label),
    reliability: reliability(probability, label),
  }
}

/**
 * How much better model a is than model b.
 * @throws UserError `mismatched` when the two did not see the same impressions in the same order, and as {@link clickReport}
 */
export function compareClicks(a: Predictions, b: Predictions): ClickComparison {
  for (const predictions of [a, b]) checkPredictions(predictions)
  checkSame(a, b)
  const [ours, base] = [a, b].map(({ probability, label }) => meanAucInterval([probability], label).mean) as [
    number,
    number,
  ]
  const difference = meanAucDifference([a.probability], [b.probability], a.label)
  return { difference, relaImpr: relaImpr(ours, base), aucRatio: aucRatio(ours, base) }
}

/**
 * The table of reports on the same impressions, a row a model.
 * @throws UserError `mismatched` when the reports differ in their impressions, clicks or users
 */
export function printClickReports(reports: readonly ClickReport[], options: TableOptions): string {
  const [first] = reports
  if (!first) return ''
  const setting = ({ impressions, clicks, users }: ClickReport): string =>
    `${impressions} impressions of ${users} users, ${clicks} clicked`
  const other = reports.find((report) => setting(report) !== setting(first))
  if (other)
    throw new UserError({
      where: `${first.model} and ${other.model}`,
      problem: 'mismatched',
      value: setting(other),
      expected: setting(first),
    })
  const heading = `${setting(first)} (${((100 * first.clicks) / first.impressions).toFixed(1)} %); GAUC over the ${first.gauc.users} users who have both`
  const rows = reports.map(({ model, auc, gauc, logLoss, calibration }) => [
    model,
    ...[auc, gauc, logLoss, { mean: calibration }].map((figure) => printInterval(figure)),
  ])
  return `${heading}\n\n${drawTable(['model', 'AUC', 'GAUC', 'log loss', 'calibration'], rows, options)}`
}

/** Each impression is given its user's AUC, so that the mean over impressions of drawn users is weighted as GAUC is. */
function gaucInterval({ probability, label, user }: Predictions): ClickReport['gauc'] {
  const counted = userAucs(probability, label, user)
  const total = counted.reduce((sum, { impressions }) => sum + impressions, 0)
  const [values, owners] = [new Float64Array(total), new Int32Array(total)]
  let at = 0
  for (const { user, auc, impressions } of counted) {
    values.fill(auc, at, at + impressions)
    owners.fill(user, at, at + impressions)
    at += impressions
  }
  const [interval] = bootstrapMeans([values], owners, { seed }) as [Interval]
  return { ...interval, users: counted.length }
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
    throw new UserError({ where: model, problem: 'mismatched', value, expected: 'one of each for an impression' })
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
