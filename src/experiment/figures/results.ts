/** @file Figures of a comparison: means over seeds, intervals over users, and differences target by target. */
import { bootstrapMeans, type Interval } from '../../evaluate/intervals.ts'
import { auc } from '../../metrics/auc.ts'
import { hitRate } from '../../metrics/hit-rate.ts'
import { mrr } from '../../metrics/mrr.ts'
import { ndcg } from '../../metrics/ndcg.ts'
import type { Metric, OptionSet } from '../experiment.ts'
import { evaluationSeed, type Frame, isClicks, type StoredRanks, type Tested, type Trained } from '../harness/cell.ts'
import { checkComparable } from '../harness/comparable.ts'
import { clickResultsOf } from './click-results.ts'

/** What is asked of a target: its rank in the full catalog, its rank among 99 sampled items, or whether it was clicked. Never two in one table. */
export type Protocol = 'full' | 'sampled99' | 'impressions'

/** A row of the results table. */
export interface Row {
  readonly model: string
  readonly options: Readonly<Record<string, unknown>>
  readonly dataset: string
  /** How the targets were chosen: given, leave-one-out or time. */
  readonly split: string
  readonly protocol: Protocol
  /** Such as `ndcg@10`, of the test targets; `validation ndcg@10` is what choices are made by. */
  readonly metric: string
  /** Of the seeds' means. */
  readonly mean: number
  /** 95 % bootstrap interval over users of the metric averaged over the seeds; null where there is no target. */
  readonly low: number | null
  readonly high: number | null
  readonly seeds: readonly number[]
}

/** One variant's cells, one a seed. */
export interface VariantRuns {
  readonly variant: string
  readonly model: string
  readonly options: OptionSet
  readonly dataset: string
  readonly seeds: readonly number[]
  readonly trained: readonly Trained[]
  readonly tested: readonly Tested[]
  /** The variant it is compared with. */
  readonly against?: string
}

/** One variant's figures. */
export interface VariantResult {
  readonly variant: string
  readonly model: string
  readonly options: Readonly<Record<string, unknown>>
  readonly dataset: string
  /** NDCG@10, or AUC, of the validation targets; null where there are none. */
  readonly validation: Interval | null
  /** By protocol, where there are figures of it. */
  readonly figures: Readonly<Partial<Record<Protocol, Readonly<Record<string, Interval>>>>>
  /** This variant less another, full catalog or impressions, target by target. */
  readonly difference?: { readonly against: string; readonly figures: Readonly<Record<string, Interval>> }
  /** Of clicks: the two relative improvements of R-D9 over the same other variant. */
  readonly improvement?: { readonly relaImpr: number; readonly aucRatio: number }
  /** The epoch that was kept, of each seed. */
  readonly bestEpochs: readonly number[]
  readonly measures: readonly number[]
  /** Of training, averaged over the seeds; no part of what is written, since it differs from run to run. */
  readonly seconds: number
}

/** What tuning tried. */
export interface Tried {
  readonly variant: string
  readonly options: Readonly<Record<string, unknown>>
  readonly seed: number
  readonly validation: number
  readonly kept: boolean
}

/** A comparison's results. */
export interface ComparisonResult {
  readonly title: string
  readonly frame: Frame
  readonly targets: number
  readonly users: number
  readonly seeds: readonly number[]
  readonly metrics: readonly Metric[]
  readonly measure?: string
  readonly variants: readonly VariantResult[]
  readonly tried: readonly Tried[]
  /** Variants that have not been run yet. */
  readonly absent: readonly string[]
}

const formulas = { hr: hitRate, ndcg, mrr } as const

/** The metric of each target, averaged over the runs of several seeds: [targets]. */
export function seedMeans(
  runs: readonly StoredRanks[],
  metric: Metric,
  protocol: Exclude<Protocol, 'impressions'>,
): Float64Array {
  const [name, length] = metric.split('@') as [keyof typeof formulas, string]
  const [k, formula] = [Number(length), formulas[name]]
  const total = new Float64Array(runs[0]?.full.length ?? 0)
  for (const run of runs)
    for (const [target, rank] of (run[protocol] ?? []).entries())
      total[target] = (total[target] as number) + formula(rank, k)
  return total.map((sum) => sum / runs.length)
}

/**
 * The validation NDCG@10, or AUC, that choices are made by.
 * @returns NaN where the split has no validation targets
 */
export function validationOf(trained: readonly Trained[]): number {
  const outcomes = trained.flatMap(({ validation }) => validation ?? [])
  if (outcomes.length === 0) return Number.NaN
  const clicks = outcomes.filter(isClicks)
  if (clicks.length > 0)
    return clicks.reduce((sum, { probability, label }) => sum + auc(probability, label), 0) / clicks.length
  const ranks = ranksOf(outcomes)
  const values = seedMeans(ranks, 'ndcg@10', 'full')
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/**
 * The figures of variants that ranked the same targets. All intervals come from the same resampled users.
 * @throws UserError `mismatched` when their splits, candidates, negatives or targets differ
 */
export function resultsOf(title: string, metrics: readonly Metric[], runs: readonly VariantRuns[]): VariantResult[] {
  const framed = runs.flatMap(({ variant, tested }) => tested.map(({ frame }) => ({ variant, frame })))
  checkComparable(title, framed)
  const clicks = runs.some(({ tested }) => tested.some(({ test }) => isClicks(test)))
  return clicks ? clickResultsOf(runs) : rankResultsOf(metrics, runs)
}

const ranksOf = (outcomes: readonly Tested['test'][]): StoredRanks[] =>
  outcomes.flatMap((outcome) => (isClicks(outcome) ? [] : [outcome]))

function rankResultsOf(metrics: readonly Metric[], runs: readonly VariantRuns[]): VariantResult[] {
  const test = bootstrapTogether(runs[0]?.tested[0]?.test.user ?? [])
  const validation = bootstrapTogether(runs[0]?.trained[0]?.validation?.user ?? [])
  const asked = runs.map((run) => {
    const ranks = ranksOf(run.tested.map(({ test }) => test))
    const compared = runs.find(({ variant }) => variant === run.against)?.tested
    const other = compared && ranksOf(compared.map(({ test }) => test))
    const full = metrics.map((metric) => [metric, test(seedMeans(ranks, metric, 'full'))] as const)
    const sampled = ranks[0]?.sampled99
      ? metrics.map((metric) => [metric, test(seedMeans(ranks, metric, 'sampled99'))] as const)
      : []
    const less = other
      ? metrics.map((metric) => [metric, test(differenceOf(ranks, other, metric))] as const)
      : undefined
    const validated = ranksOf(run.trained.flatMap(({ validation }) => validation ?? []))
    const choice = validated.length > 0 ? validation(seedMeans(validated, 'ndcg@10', 'full')) : undefined
    return { run, full, sampled, less, choice }
  })
  const answered = (of: readonly (readonly [Metric, () => Interval])[]) =>
    Object.fromEntries(of.map(([metric, answer]) => [metric, answer()]))
  return asked.map(({ run, full, sampled, less, choice }) => ({
    variant: run.variant,
    model: run.model,
    options: { ...run.options.config, ...run.options.training },
    dataset: run.dataset,
    validation: choice ? choice() : null,
    figures: { full: answered(full), ...(sampled.length > 0 && { sampled99: answered(sampled) }) },
    ...(less && run.against !== undefined && { difference: { against: run.against, figures: answered(less) } }),
    bestEpochs: run.trained.map(({ bestEpoch }) => bestEpoch),
    measures: run.tested.flatMap(({ measure }) => measure ?? []),
    seconds: run.trained.reduce((sum, { seconds }) => sum + seconds, 0) / run.trained.length,
  }))
}

function differenceOf(ours: readonly StoredRanks[], theirs: readonly StoredRanks[], metric: Metric): Float64Array {
  const other = seedMeans(theirs, metric, 'full')
  return seedMeans(ours, metric, 'full').map((value, target) => value - (other[target] as number))
}

/** Collects columns over the same targets, so that one pass of resampled users answers them all. */
function bootstrapTogether(user: readonly number[]): (column: Float64Array) => () => Interval {
  const columns: Float64Array[] = []
  let answers: Interval[] | undefined
  return (column) => {
    const at = columns.push(column) - 1
    return () => {
      answers ??= bootstrapMeans(columns, user, { seed: evaluationSeed })
      return answers[at] as Interval
    }
  }
}

/** The protocol whose figures come first. */
export const headlineOf = (figures: VariantResult['figures']): 'full' | 'impressions' =>
  'impressions' in figures ? 'impressions' : 'full'

/** A comparison's rows, in the form every table of ours has. */
export function rowsOf({ variants, frame, metrics, seeds }: ComparisonResult): Row[] {
  return variants.flatMap(({ model, options, dataset, validation, figures }) => {
    const row = (protocol: Protocol, metric: string, { mean, low, high }: Interval): Row => ({
      model,
      options,
      dataset,
      split: String(frame.split['protocol']),
      protocol,
      metric,
      mean: rounded(mean),
      low: low === undefined ? null : rounded(low),
      high: high === undefined ? null : rounded(high),
      seeds,
    })
    const protocols = Object.keys(figures) as Protocol[]
    const tested = protocols.flatMap((protocol) =>
      metrics.flatMap((metric) => {
        const figure = figures[protocol]?.[metric]
        return figure ? [row(protocol, metric, figure)] : []
      }),
    )
    const [main, chosen] =
      headlineOf(figures) === 'full' ? (['full', 'ndcg@10'] as const) : (['impressions', 'auc'] as const)
    return [...(validation ? [row(main, `validation ${chosen}`, validation)] : []), ...tested]
  })
}

/** Six decimals: more than any interval supports, and the same on every machine. */
export const rounded = (value: number): number => Number(value.toFixed(6))
