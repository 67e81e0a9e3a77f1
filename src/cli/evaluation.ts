/** @file Measures runs one after another, and prints them side by side on the same targets. */
import { negativeCount } from '../dataset/negatives.ts'
import type { Dataset } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { baseRate, type ClickReport, clickReport, compareClicks, type Predictions } from '../evaluate/clicks.ts'
import { compareRanks, type Report, reportOf } from '../evaluate/evaluate.ts'
import { printInterval, printPercent } from '../evaluate/printing.ts'
import type { TargetRanks } from '../evaluate/rank.ts'
import { printClickReports, printReports } from '../evaluate/report.ts'
import { sliceOf } from '../evaluate/slices.ts'
import { printedFigure, validationMetric } from '../metrics/table.ts'
import { type OpenRun, openRun } from '../runs/open-run.ts'
import type { Counted } from '../runs/progress.ts'

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
  /** Is told of each run what the process will hold at the peak, in bytes. */
  readonly tellMemory?: (bytes: number) => void
}

/** The reports of runs that rank, and the ranks that they are computed from. */
export interface RankEvaluation {
  readonly kind: 'ranks'
  readonly reports: readonly Report[]
  readonly ranks: readonly TargetRanks[]
}
/** The reports of runs that predict clicks, and the predictions. */
export interface ClickEvaluation {
  readonly kind: 'clicks'
  /** The last is of a constant, the share of clicks that trained. */
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
  let dataset: Dataset | undefined
  for (const folder of folders) {
    const { data, tellMemory } = wanted
    await using run = await openRun(folder, {
      ...(data === undefined ? {} : { data }),
      ...(dataset && { dataset }),
      ...(tellMemory && { memory: { users: 'many', tell: tellMemory } }),
    })
    dataset = run.dataset
    checkSplit(folder, run, wanted.split)
    const { part, seed } = wanted
    const { counted } = wanted
    const outcome = await run.measure(part, {
      seed,
      sampled: canSample(dataset),
      ...(counted && { counted: (done, all) => counted(`targets of ${folder}`, done, all) }),
    })
    if (!outcome) throw new UserError({ where: `${folder} ${part}`, problem: 'empty', value: '0 targets' })
    if (outcome.kind === 'clicks') {
      predicted.push(outcome)
      const { samples } = run
      constant ??= baseRate(
        samples.train.map((sample) => samples.label[sample] as number),
        outcome,
      )
    } else ranked.push({ ranks: outcome, report: reportOfRanks(outcome, run, wanted) })
    if (ranked.length > 0 && predicted.length > 0) throw otherKind(folders[0] as string, folder)
  }
  if (predicted.length === 0) {
    return { kind: 'ranks', reports: ranked.map(({ report }) => report), ranks: ranked.map(({ ranks }) => ranks) }
  }
  if (wanted.slices) throw slicesOfClicks(wanted.slices)
  return {
    kind: 'clicks',
    reports: [...predicted, ...(constant ? [constant] : [])].map(clickReport),
    predictions: predicted,
  }
}

function reportOfRanks(
  ranks: TargetRanks,
  { dataset, split, maxLength }: OpenRun,
  { part, seed, k, slices }: Wanted,
): Report {
  for (const name of slices ?? []) sliceOf(name, dataset)
  return reportOf(ranks, dataset, split, { part, seed, ks: k, maxLength, ...(slices && { slices }) })
}

/** Whether enough negatives can be drawn for every user; if not, their table is left out. */
function canSample({ catalog, events }: Dataset): boolean {
  const most = events.start.reduce((most, start, user) => Math.max(most, start - (events.start[user - 1] ?? 0)), 0)
  return catalog.ids.length - 1 - most >= negativeCount
}

/** The tables, and the first model's difference from each of the others. */
export function printEvaluation(evaluation: RankEvaluation | ClickEvaluation, seed: number): string {
  const plain = !process.stdout.isTTY
  const [tables, differences] =
    evaluation.kind === 'ranks'
      ? [printReports(evaluation.reports, { plain }), rankDifferences(evaluation.ranks, seed)]
      : [printClickReports(evaluation.reports, { plain }), clickDifferences(evaluation.predictions)]
  return [tables, ...(differences.length > 0 ? ['', ...differences] : [])].join('\n')
}

function rankDifferences([first, ...others]: readonly TargetRanks[], seed: number): string[] {
  return others.map((other) => {
    const difference = compareRanks(first as TargetRanks, other, { metric: validationMetric.ranks, seed })
    return `${first?.model} less ${other.model}, ${printedFigure(validationMetric.ranks)}, full catalog, same targets: ${printInterval(difference)}`
  })
}

function clickDifferences([first, ...others]: readonly Predictions[]): string[] {
  return others.map((other) => {
    const { difference, relaImpr, aucRatio } = compareClicks(first as Predictions, other)
    const improved = `RelaImpr ${printPercent(relaImpr)} (Yan et al.), AUC ratio ${printPercent(aucRatio)}`
    return `${first?.model} less ${other.model}, ${printedFigure(validationMetric.clicks)}, same impressions: ${printInterval(difference)}; ${improved}`
  })
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
