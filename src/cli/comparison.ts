/** @file Runs side by side: those on one dataset and split in one table, each with its paired difference from one. */
import type { Dataset } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { baseRate, baseRateName, clickReport, clickShare, compareClicks, type Predictions } from '../evaluate/clicks.ts'
import { compareRanks, reportOf } from '../evaluate/evaluate.ts'
import type { Interval } from '../evaluate/intervals.ts'
import { drawTable, printInterval } from '../evaluate/printing.ts'
import type { TargetRanks } from '../evaluate/rank.ts'
import { clickMetrics, metrics, printedFigure, type RankFigure } from '../metrics/table.ts'
import { lackedBy, withLacks } from '../runs/lacking.ts'
import { openRun } from '../runs/open-run.ts'
import { holdsRun, readRun } from '../runs/run-file.ts'

/** What is compared. */
export interface CompareOptions {
  readonly part: 'validation' | 'test'
  /** The metric that differences are taken of, for runs that rank. */
  readonly metric: RankFigure
  /** The run that the others are compared with; by default the best of each table. */
  readonly against?: string
  readonly seed: number
}

/** A run in a table. */
export interface ComparedRun {
  readonly run: string
  readonly model: string
  /** What the model reads and the dataset does not have; nothing by default. */
  readonly lacks?: readonly string[]
  /** By metric. */
  readonly figures: Readonly<Record<string, Interval>>
  /** This run less the one it is compared with, target by target; that one has none. */
  readonly difference?: Interval
}

/** Runs that were asked the same targets. */
export interface ComparedRuns {
  readonly dataset: string
  /** The dataset's folder. */
  readonly folder: string
  readonly part: 'validation' | 'test'
  readonly split: Readonly<Record<string, unknown>>
  readonly targets: number
  /** What differences are of. */
  readonly metric: string
  readonly against: string
  /** Best first. */
  readonly runs: readonly ComparedRun[]
  /** Of clicks: the figures of a constant, the share of clicks that trained. */
  readonly constant?: ComparedRun['figures']
}

type Measured = {
  readonly folder: string
  readonly outcome: TargetRanks | Predictions
  readonly lacks: readonly string[]
  readonly figures: ComparedRun['figures']
}

/**
 * Compares the runs among some folders.
 * @throws UserError `missing` where no folder holds a run, `unknown` for a run to compare with that is not among them
 */
export async function compareRuns(folders: readonly string[], options: CompareOptions): Promise<ComparedRuns[]> {
  const runs = folders.filter(holdsRun)
  if (runs.length === 0) {
    const where = folders.slice(0, 3).join(', ')
    throw new UserError({ where, problem: 'missing', value: 'a run', expected: 'folders that "siftrec train" wrote' })
  }
  if (options.against !== undefined && !runs.includes(options.against)) {
    const expected = 'one of the runs that are compared'
    throw new UserError({ where: '--against', problem: 'unknown', value: options.against, expected })
  }
  const groups = new Map<string, string[]>()
  for (const folder of runs) {
    const { dataset, split } = readRun(folder)
    const key = JSON.stringify([dataset.hash, Object.entries(split).toSorted(([a], [b]) => (a < b ? -1 : 1))])
    groups.set(key, [...(groups.get(key) ?? []), folder])
  }
  const compared: ComparedRuns[] = []
  for (const group of groups.values()) compared.push(await comparedGroup(group, options))
  return compared
}

async function comparedGroup(folders: readonly string[], options: CompareOptions): Promise<ComparedRuns> {
  const measured: Measured[] = []
  let constant: ComparedRun['figures'] | undefined
  let dataset: Dataset | undefined
  const { part, seed, metric: rankFigure } = options
  for (const folder of folders) {
    await using run = await openRun(folder, dataset ? { dataset } : {})
    dataset = run.dataset
    const lacks = lackedBy(run.run, dataset)
    const outcome = await run.measure(part, { seed, sampled: false })
    if (!outcome) throw new UserError({ where: `${folder} ${part}`, problem: 'empty', value: '0 targets' })
    if (outcome.kind === 'clicks') {
      measured.push({ folder, outcome, lacks, figures: clickFigures(outcome) })
      constant ??= clickFigures(baseRate(clickShare(run.samples), outcome))
      continue
    }
    const ks = [Number(rankFigure.split('@')[1])]
    const { slices } = reportOf(outcome, dataset, run.split, { part, seed, ks, slices: [] })
    measured.push({ folder, outcome, lacks, figures: slices.all.full })
  }
  const [{ outcome }] = measured as [Measured]
  const metric = outcome.kind === 'clicks' ? metrics.auc.key : rankFigure
  const meanOf = ({ figures }: Measured): number => figures[metric]?.mean ?? Number.NaN
  const sorted = measured.toSorted((a, b) => meanOf(b) - meanOf(a))
  const [best] = sorted as [Measured]
  const base = sorted.find(({ folder }) => folder === options.against) ?? best
  const run = readRun(base.folder)
  return {
    dataset: dataset?.manifest.name ?? '',
    folder: run.dataset.folder,
    part,
    split: run.split,
    targets: outcome.user.length,
    metric,
    against: base.folder,
    runs: sorted.map((one) => ({
      run: one.folder,
      model: one.outcome.model,
      ...(one.lacks.length > 0 && { lacks: one.lacks }),
      figures: one.figures,
      ...(one !== base && {
        difference: differenceOf(one.outcome, base.outcome, { metric: rankFigure, seed }),
      }),
    })),
    ...(constant && { constant }),
  }
}

function clickFigures(outcome: Predictions): ComparedRun['figures'] {
  const { figures } = clickReport(outcome)
  return Object.fromEntries(clickMetrics.map(([name, { key }]) => [key, figures[name]]))
}

function differenceOf(
  one: TargetRanks | Predictions,
  base: TargetRanks | Predictions,
  options: { metric: RankFigure; seed: number },
): Interval {
  if (one.kind === 'clicks' && base.kind === 'clicks') return compareClicks(one, base).difference
  return compareRanks(one as TargetRanks, base as TargetRanks, options)
}

/** The tables, one for each dataset and split. */
export function printComparison(groups: readonly ComparedRuns[], plain: boolean): string {
  return groups
    .map((group) => `${headingOf(group, groups)}\n${drawTable([...headOf(group)], rowsOf(group), { plain })}`)
    .join('\n\n')
}

/** What a table is of; datasets of one name are told apart by their folders. */
export function headingOf(
  { dataset, folder, part, split, targets }: ComparedRuns,
  groups: readonly ComparedRuns[],
): string {
  const { protocol, question } = split
  const asked = typeof question === 'string' ? `, ${question}` : ''
  const namesake = groups.some((other) => other.dataset === dataset && other.folder !== folder)
  const name = namesake ? `${dataset} (${folder})` : dataset
  return `${name}, ${String(protocol)} split${asked}, ${part}: ${targets} targets`
}

/** The head of a table. */
export function headOf({ runs, metric, against }: ComparedRuns): readonly string[] {
  const figures = Object.keys(runs[0]?.figures ?? {}).map((name) => printedFigure(name as RankFigure))
  return ['run', 'model', ...figures, `${printedFigure(metric as RankFigure)} less ${against}`, '']
}

/**
 * The rows of a table; the last cell says whether the difference is clear of 0, and which probabilities are worse than
 * a constant.
 */
export function rowsOf({ runs, constant }: ComparedRuns): string[][] {
  const printed = (figures: ComparedRun['figures']): string[] =>
    Object.values(figures).map((figure) => printInterval(figure, 4))
  const { key } = metrics.logLoss
  const useless = (figures: ComparedRun['figures']): boolean =>
    constant !== undefined && (figures[key] as Interval).mean > (constant[key] as Interval).mean
  const rows = runs.map(({ run, model, lacks, figures, difference }) => [
    run,
    withLacks(model, lacks),
    ...printed(figures),
    difference ? printInterval(difference, 4) : '-',
    [...(difference ? [verdict(difference)] : []), ...(useless(figures) ? ['worse than the base rate'] : [])].join(
      ', ',
    ),
  ])
  return constant ? [...rows, [baseRateName, '-', ...printed(constant), '-', '']] : rows
}

function verdict({ low = 0, high = 0 }: Interval): string {
  if (low > 0) return 'better'
  return high < 0 ? 'worse' : 'not told apart'
}
