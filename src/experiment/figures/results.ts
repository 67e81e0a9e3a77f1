/** @file The figures of a comparison, its validation value, and its rows in the results table. */
import type { Interval } from '../../evaluate/intervals.ts'
import { clickMetric, validationMetric } from '../../metrics/table.ts'
import { headlineOf, isClicks, type Metric, type Protocol, type Trained, validationMetricOf } from '../terms.ts'
import { checkSameFrame } from './check-same-frame.ts'
import { clickResultsOf } from './click-results.ts'
import type { ComparisonResult, Row, VariantResult, VariantRuns } from './comparison-result.ts'
import { rankResultsOf, ranksOf, seedMeans } from './rank-results.ts'

/**
 * The validation value that choices are made by: the validation metric of ranks, or of clicks, averaged over runs.
 * @returns NaN where the split has no validation targets
 */
export function validationOf(trained: readonly Trained[]): number {
  const outcomes = trained.flatMap(({ validation }) => validation ?? [])
  if (outcomes.length === 0) return Number.NaN
  const clicks = outcomes.filter(isClicks)
  const { formula } = clickMetric(validationMetric.clicks)
  if (clicks.length > 0) return clicks.reduce((sum, outcome) => sum + formula(outcome), 0) / clicks.length
  const values = seedMeans(ranksOf(outcomes), validationMetric.ranks, 'full')
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/**
 * The figures of variants that were asked of the same targets.
 * @throws UserError `mismatched` when their splits, candidates, negatives or targets differ
 */
export function resultsOf(title: string, metrics: readonly Metric[], runs: readonly VariantRuns[]): VariantResult[] {
  const framed = runs.flatMap(({ variant, tested }) => tested.map(({ frame }) => ({ variant, frame })))
  checkSameFrame(title, framed)
  const clicks = runs.some(({ tested }) => tested.some(({ test }) => isClicks(test)))
  return clicks ? clickResultsOf(runs) : rankResultsOf(metrics, runs)
}

/** A comparison's rows, in the form every table of ours has. */
export function rowsOf({ variants, constant, frame, metrics, seeds, slice }: ComparisonResult): Row[] {
  return [...variants, ...(constant ? [constant] : [])].flatMap(({ model, options, dataset, validation, figures }) => {
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
        return figure ? [{ ...row(protocol, metric, figure), ...(slice !== undefined && { slice }) }] : []
      }),
    )
    const main = headlineOf(figures)
    return [...(validation ? [row(main, `validation ${validationMetricOf(main)}`, validation)] : []), ...tested]
  })
}

/** Six decimals: more than any interval supports, and the same on every machine. */
export const rounded = (value: number): number => Number(value.toFixed(6))
