/** @file Figures of comparisons of ranks: means over seeds, intervals over users, and differences target by target. */
import { bootstrapMeans, type Interval } from '../../evaluate/intervals.ts'
import { type RankFigure, rankFormula, validationMetric } from '../../metrics/table.ts'
import { evaluationSeed, isClicks, type Metric, type Outcome, type Protocol, type StoredRanks } from '../terms.ts'
import type { Below, VariantResult, VariantRuns } from './comparison-result.ts'

/** The metric of each target, averaged over the runs of several seeds: [targets]. */
export function seedMeans(
  runs: readonly StoredRanks[],
  metric: Metric,
  protocol: Exclude<Protocol, 'impressions'>,
): Float64Array {
  const formula = rankFormula(metric as RankFigure)
  const total = new Float64Array(runs[0]?.full.length ?? 0)
  for (const run of runs)
    for (const [target, rank] of (run[protocol] ?? []).entries())
      total[target] = (total[target] as number) + formula(rank)
  return total.map((sum) => sum / runs.length)
}

/** Values of several seeds, averaged place by place. */
export const overSeeds = (seeds: readonly (readonly number[])[]): number[] =>
  (seeds[0] ?? []).map((_, at) => seeds.reduce((sum, one) => sum + (one[at] as number), 0) / seeds.length)

/** The outcomes that are ranks. */
export const ranksOf = (outcomes: readonly Outcome[]): StoredRanks[] =>
  outcomes.flatMap((outcome) => (isClicks(outcome) ? [] : [outcome]))

/** The figures of variants that ranked the same targets. All intervals come from the same resampled users. */
export function rankResultsOf(metrics: readonly Metric[], runs: readonly VariantRuns[]): VariantResult[] {
  const test = bootstrapTogether(runs[0]?.tested[0]?.test.user ?? [])
  const validation = bootstrapTogether(runs[0]?.trained[0]?.validation?.user ?? [])
  const figures = runs.map((run) => {
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
    const [first = validationMetric.ranks] = metrics
    const besides = counts(run)
      ? []
      : runs.filter(counts).map((counted) => {
          const theirs = ranksOf(counted.tested.map(({ test }) => test))
          return { counted: counted.variant, difference: test(differenceOf(ranks, theirs, first)) }
        })
    const validated = ranksOf(run.trained.flatMap(({ validation }) => validation ?? []))
    const choice = validated.length > 0 ? validation(seedMeans(validated, validationMetric.ranks, 'full')) : undefined
    return { run, full, sampled, less, besides, choice }
  })
  const answered = (of: readonly (readonly [Metric, () => Interval])[]) =>
    Object.fromEntries(of.map(([metric, answer]) => [metric, answer()]))
  return figures.map(({ run, full, sampled, less, besides, choice }) => ({
    variant: run.variant,
    model: run.model,
    options: { ...run.options.config, ...run.options.training },
    dataset: run.dataset,
    validation: choice ? choice() : null,
    figures: { full: answered(full), ...(sampled.length > 0 && { sampled99: answered(sampled) }) },
    ...(less && run.against !== undefined && { difference: { against: run.against, figures: answered(less) } }),
    ...clearlyBelow(besides.map(({ counted, difference }) => ({ counted, difference: difference() }))),
    ...(run.trained[0]?.lacks && { lacks: run.trained[0].lacks }),
    bestEpochs: run.trained.map(({ bestEpoch }) => bestEpoch),
    measures: run.tested.flatMap(({ measure }) => measure ?? []),
    seconds: run.trained.reduce((sum, { seconds }) => sum + seconds, 0) / run.trained.length,
  }))
}

/** A model that only counts has no epochs. */
const counts = ({ trained }: VariantRuns): boolean => trained.every(({ epochs }) => epochs === 0)

/** Those that the whole interval is below: two models that a test cannot tell apart are not in order. */
function clearlyBelow(besides: readonly Below[]): Pick<VariantResult, 'below'> {
  const below = besides.filter(({ difference: { high } }) => high !== undefined && high < 0)
  return below.length > 0 ? { below } : {}
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
