/** @file Measures runs one after another, and prints them side by side on the same targets. */
import { negativeCount } from '../dataset/negatives.ts'
import type { Dataset } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import {
  baseRate,
  type ClickReport,
  clickReport,
  clickShare,
  compareClicks,
  type Predictions,
} from '../evaluate/clicks.ts'
import { compareRanks, type Report, reportOf } from '../evaluate/evaluate.ts'
import type { Interval } from '../evaluate/intervals.ts'
import { printInterval, printPercent } from '../evaluate/printing.ts'
import type { TargetRanks } from '../evaluate/rank.ts'
import { printClickReports, printReports } from '../evaluate/report.ts'
import { sliceOf } from '../evaluate/slices.ts'
import { metrics, printedFigure, validationMetric } from '../metrics/table.ts'
import { type OpenRun, openRun } from '../runs/open-run.ts'
import type { Counted } from '../runs/progress.ts'
import { readRun } from '../runs/run-file.ts'
import { type NamedRun, runNames } from './run-names.ts'

/** What is evaluated. */
export interface Wanted {
  readonly part: 'validation' | 'test'
  readonly split?: string
  readonly k: number[]
  /** The slices that were named; undefined for the usual ones. */
  readonly slices?: readonly string[]
  readonly seed: number
  readonly data?: string
  /** Is told how many targets of each run are done. */
  readonly counted?: Counted
  /** Is told what is to be said of a later dataset, a line at a time. */
  readonly note?: (line: string) => void
  /** Is told of each run what the process will hold at the peak, in bytes. */
  readonly tellMemory?: (bytes: number) => void
}

/** The reports of runs that rank, and the ranks that they are computed from. */
export interface RankEvaluation {
  readonly kind: 'ranks'
  /** What tables call the runs. */
  readonly names: readonly string[]
  readonly reports: readonly Report[]
  readonly ranks: readonly TargetRanks[]
}
/** The reports of runs that predict clicks, and the predictions. */
export interface ClickEvaluation {
  readonly kind: 'clicks'
  readonly names: readonly string[]
  /** Each run's, and what its calibration makes of it; the last is of a constant, the share of clicks that trained. */
  readonly reports: readonly ClickReport[]
  readonly predictions: readonly Predictions[]
}

/**
 * Evaluates runs, the dataset loaded once.
 * @throws UserError `mismatched` for runs that do not predict the same, `unsupported` for slices of clicks, `empty`
 * without targets
 */
export async function evaluateRuns(
  folders: readonly string[],
  wanted: Wanted,
): Promise<RankEvaluation | ClickEvaluation> {
  const ranked: { ranks: TargetRanks; report: Report }[] = []
  const predicted: Predictions[] = []
  let constant: Predictions | undefined
  const opened: NamedRun[] = []
  let prepared: Dataset | undefined
  for (const folder of folders) {
    const { data, tellMemory } = wanted
    // Runs of several datasets each have their own, unless one is named for all.
    const loaded = data !== undefined || prepared?.hash === readRun(folder).dataset.hash ? prepared : undefined
    await using run = await openRun(folder, {
      ...(data === undefined ? {} : { data }),
      ...(loaded && { dataset: loaded }),
      ...(tellMemory && { memory: { users: 'many', tell: tellMemory } }),
    })
    const { dataset } = run
    prepared = run.prepared
    for (const line of laterNotes(folder, run, wanted.part)) wanted.note?.(line)
    opened.push({ folder, run: run.run })
    checkSplit(folder, run, wanted.split)
    const { part, seed, counted } = wanted
    const outcome = await run.measure(part, {
      seed,
      sampled: canSample(dataset),
      listLength: Math.max(...wanted.k),
      ...(counted && { counted: (done, all) => counted(`targets of ${folder}`, done, all) }),
    })
    if (!outcome) throw new UserError({ where: `${folder} ${part}`, problem: 'empty', value: '0 targets' })
    if (outcome.kind === 'clicks') {
      predicted.push(outcome)
      constant ??= baseRate(clickShare(run.samples), outcome)
    } else ranked.push({ ranks: outcome, report: reportOfRanks(outcome, run, wanted) })
    if (ranked.length > 0 && predicted.length > 0) throw otherKind(folders[0] as string, folder)
  }
  const names = runNames(opened)
  if (predicted.length === 0) {
    const reports = ranked.map(({ report }, at) => ({ ...report, name: names[at] as string }))
    return { kind: 'ranks', names, reports, ranks: ranked.map(({ ranks }) => ranks) }
  }
  if (wanted.slices) throw slicesOfClicks(wanted.slices)
  if (wanted.part === 'validation' && predicted.some(({ calibrated }) => calibrated))
    wanted.note?.('calibrations were fitted on these very impressions: see the test part for what they gain')
  const reports = predicted.flatMap((predictions, at) => clickReports(predictions, names[at] as string))
  return {
    kind: 'clicks',
    names,
    reports: [...reports, ...(constant ? [clickReport(constant)] : [])],
    predictions: predicted,
  }
}

/** What a model says by itself, and calibrated where its run has a calibration. */
function clickReports(predictions: Predictions, name: string): ClickReport[] {
  const { calibrated: probability } = predictions
  return [
    { ...clickReport(predictions), name },
    ...(probability ? [{ ...clickReport({ ...predictions, probability }), name: `${name}, calibrated` }] : []),
  ]
}

function reportOfRanks(
  ranks: TargetRanks,
  { dataset, split, maxLength }: OpenRun,
  { part, seed, k, slices }: Wanted,
): Report {
  for (const name of slices ?? []) sliceOf(name, dataset)
  return reportOf(ranks, dataset, split, { part, seed, ks: k, maxLength, ...(slices && { slices }) })
}

/** What is to be known before figures on a later dataset are believed. */
function laterNotes(folder: string, { later, run: { split } }: OpenRun, part: Wanted['part']): string[] {
  if (!later) return []
  const trained = later.mayHaveTrained(part)
  const anew =
    split.protocol === 'time'
      ? 'targets are split at the times that the run was split at'
      : `targets are split anew by ${split.protocol}`
  const told =
    trained === 0
      ? `${anew}; each is later than what the run was trained on of its user`
      : `warning: ${anew}, and ${trained} of the ${part} part may have trained it, which flatters the figures`
  return [later.text, told].map((line) => `${folder}: ${line}`)
}

/** Whether enough negatives can be drawn for every user; if not, their table is left out. */
function canSample({ catalog, events }: Dataset): boolean {
  const most = events.start.reduce((most, start, user) => Math.max(most, start - (events.start[user - 1] ?? 0)), 0)
  return catalog.ids.length - 1 - most >= negativeCount
}

/** The tables, and the difference of any two runs. */
export function printEvaluation(evaluation: RankEvaluation | ClickEvaluation, seed: number): string {
  const plain = !process.stdout.isTTY
  const tables =
    evaluation.kind === 'ranks'
      ? printReports(evaluation.reports, { plain })
      : printClickReports(evaluation.reports, { plain })
  const differences = differencesOf(evaluation, seed).map(
    ({ run, less, metric, about, difference, more }) =>
      `${run} less ${less}, ${metric}, ${about}: ${printInterval(difference)}${more}`,
  )
  return [tables, ...(differences.length > 0 ? ['', ...differences] : [])].join('\n')
}

/** How much better one run is than another. */
export interface RunDifference {
  readonly run: string
  readonly less: string
  readonly metric: string
  readonly about: string
  /** Paired: of the same targets or impressions. */
  readonly difference: Interval
  /** What else is told of it. */
  readonly more: string
}

/** The paired difference of any two runs: by the metric that options are chosen by, and by AUC for clicks. */
export function differencesOf(evaluation: RankEvaluation | ClickEvaluation, seed: number): RunDifference[] {
  const { names } = evaluation
  const pairs = names.flatMap((_, at) => names.slice(at + 1).map((_, after) => [at, at + 1 + after] as const))
  return pairs.map(([at, other]) => ({
    run: names[at] as string,
    less: names[other] as string,
    ...(evaluation.kind === 'ranks'
      ? rankDifference(evaluation.ranks[at] as TargetRanks, evaluation.ranks[other] as TargetRanks, seed)
      : clickDifference(evaluation.predictions[at] as Predictions, evaluation.predictions[other] as Predictions)),
  }))
}

function rankDifference(a: TargetRanks, b: TargetRanks, seed: number): Omit<RunDifference, 'run' | 'less'> {
  const { ranks: metric } = validationMetric
  const difference = compareRanks(a, b, { metric, seed })
  return { metric: printedFigure(metric), about: 'full catalog, same targets', difference, more: '' }
}

function clickDifference(a: Predictions, b: Predictions): Omit<RunDifference, 'run' | 'less'> {
  const { difference, relaImpr, overChance, aucRatio } = compareClicks(a, b)
  const gained = overChance
    ? `RelaImpr ${printPercent(relaImpr)} (Yan et al.)`
    : 'no RelaImpr over what is not told apart from chance'
  const more = `; ${gained}, AUC ratio ${printPercent(aucRatio)}`
  return { metric: metrics.auc.printed, about: 'same impressions', difference, more }
}

function checkSplit(folder: string, { run }: OpenRun, wanted: string | undefined): void {
  const trained = run.split.protocol
  if (wanted === undefined || wanted === trained) return
  const hint = `it may have been trained on events that ${wanted} holds out; train again with --split ${wanted}`
  const expected = `${trained}, which ${folder} was trained on`
  throw new UserError({ where: '--split', problem: 'mismatched', value: wanted, expected, hint })
}

function otherKind(first: string, folder: string): UserError {
  const value = `one of ${first} and ${folder} ranks the next item, the other predicts clicks`
  const hint = 'evaluate them apart'
  return new UserError({ where: folder, problem: 'mismatched', value, expected: 'runs that predict the same', hint })
}

function slicesOfClicks(slices: readonly string[]): UserError {
  const expected = 'none: models of clicks have figures of all impressions alone'
  return new UserError({ where: '--slices', problem: 'unsupported', value: slices.join(','), expected })
}
