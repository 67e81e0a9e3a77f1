/**
 * @file Results as Markdown: the full catalog and the sampled negatives in tables of their own, what was tried, and how
 * it was trained.
 */
import { negativeCount } from '../../dataset/negatives.ts'
import { UserError } from '../../errors.ts'
import { baseRateName } from '../../evaluate/clicks.ts'
import type { Interval } from '../../evaluate/intervals.ts'
import { markdownTable, printInterval, printPercent } from '../../evaluate/printing.ts'
import { metrics, printedFigure } from '../../metrics/table.ts'
import { withLacks } from '../../runs/lacking.ts'
import { headlineOf, type Metric, type Protocol, validationMetricOf } from '../terms.ts'
import type { ComparisonResult, VariantResult } from './comparison-result.ts'

/** A mean with its interval, to four digits: a page is compared line by line. */
const printFigure = (figure: Interval | null | undefined): string => (figure ? printInterval(figure, 4) : '-')

const printMean = (mean: number | undefined): string => mean?.toFixed(4) ?? '-'

/** Options as they are written in tables: `dropout 0.4, heads 1`. */
function printOptions(options: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(options).map(([name, value]) =>
    value === true ? name : `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return shown.length > 0 ? shown.join(', ') : 'defaults'
}

/** What choices are made by. */
const validationHead = (protocol: Protocol): string => `validation ${printedFigure(validationMetricOf(protocol))}`

/**
 * One protocol's table of a comparison.
 * @throws UserError `mismatched` when a variant was not measured by this protocol
 */
export function protocolTable(
  { title, variants, constant, metrics: wanted, measure, improvedOver }: ComparisonResult,
  protocol: Protocol,
): string {
  const [first = validationMetricOf(protocol)] = wanted
  const main = protocol !== 'sampled99'
  const compared = main && variants.some(({ difference }) => difference)
  const against = [...new Set(variants.flatMap(({ difference }) => difference?.against ?? []))]
  const less = against.length === 1 ? `${printedFigure(first)} minus ${against[0]}` : `${printedFigure(first)} minus`
  const improved = main && variants.some(({ improvement }) => improvement)
  const over = improvedOver === undefined ? '' : ` over ${improvedOver}`
  const measured = main && measure !== undefined && variants.some(({ measures }) => measures.length > 0)
  const heads = [
    'variant',
    ...(main ? [validationHead(protocol)] : []),
    ...wanted.map((metric) => `test ${printedFigure(metric)}`),
    ...(compared ? [less] : []),
    ...(improved ? [`RelaImpr${over} (Yan et al.)`, `AUC ratio${over}`] : []),
    ...(measured ? [measure] : []),
  ]
  const lines = [...variants, ...(constant ? [constant] : [])].map((result) => {
    const difference = printFigure(result.difference?.figures[first])
    const name = withLacks(result.variant, result.lacks)
    return [
      isUseless(result, constant) ? `${name} ${uselessMark}` : name,
      ...(main ? [printFigure(result.validation)] : []),
      ...wanted.map((metric) => printFigure(measuredBy(title, result, protocol, metric))),
      ...(compared
        ? [against.length > 1 && result.difference ? `${result.difference.against}: ${difference}` : difference]
        : []),
      ...(improved ? [printShare(result.improvement?.relaImpr), printShare(result.improvement?.aucRatio)] : []),
      ...(measured ? [printMeasure(result)] : []),
    ]
  })
  return markdownTable(heads, lines)
}

/** At models whose probabilities are worse than a constant. */
const uselessMark = '†'

/** Whether a variant's probabilities of clicks are worse than those of a constant. */
function isUseless({ figures }: VariantResult, constant: VariantResult | undefined): boolean {
  const { key } = metrics.logLoss
  const [ours, theirs] = [figures.impressions?.[key], constant?.figures.impressions?.[key]]
  return ours !== undefined && theirs !== undefined && ours.mean > theirs.mean
}

function measuredBy(title: string, { variant, figures }: VariantResult, protocol: Protocol, metric: Metric): Interval {
  const figure = figures[protocol]?.[metric]
  if (figure) return figure
  const other: Protocol = protocol === 'full' ? 'sampled99' : 'full'
  const value = figures[other]?.[metric] ? `a figure of protocol ${other}` : `no ${metric}`
  throw new UserError({
    where: `table "${title}", ${variant}`,
    problem: 'mismatched',
    value,
    expected: `${metric} of protocol ${protocol}`,
  })
}

/**
 * A sentence for each trained variant that a model that only counts is clearly ahead of: whoever reads the table to
 * choose a model shall not miss it.
 */
function belowTexts({ variants, metrics: [metric] }: ComparisonResult): string[] {
  if (metric === undefined) return []
  const name = printedFigure(metric)
  const mean = (variant: VariantResult | undefined): string => printMean(variant?.figures.full?.[metric]?.mean)
  return variants.flatMap((variant) => {
    const against = (variant.below ?? []).map(({ counted, difference }) => {
      const other = variants.find((one) => one.variant === counted)
      return `${counted} (${mean(other)}, difference ${printFigure(difference)})`
    })
    if (against.length === 0) return []
    return [`${variant.variant} is below what only counts: ${name} ${mean(variant)} against ${against.join(' and ')}.`]
  })
}

/** A fitted model has no epochs. */
const printEpochs = (epochs: readonly number[]): string => (epochs.some((epoch) => epoch > 0) ? epochs.join(', ') : '-')

const printShare = (share: number | undefined): string => (share === undefined ? '-' : printPercent(share))

function printMeasure({ measures }: VariantResult): string {
  if (measures.length === 0) return '-'
  const mean = measures.reduce((sum, value) => sum + value, 0) / measures.length
  return `${mean.toFixed(3)}${measures.length > 1 ? ` (${measures.map((value) => value.toFixed(3)).join(', ')})` : ''}`
}

/** A comparison's part of the page. */
export function comparisonPage(result: ComparisonResult): string {
  const { title, frame, targets, users, seeds, variants, tried, absent } = result
  const { protocol, testShare, validationShare, question } = frame.split
  const asked = typeof question === 'string' ? `, question ${question}` : ''
  const split =
    protocol === 'time'
      ? `time (last ${String(testShare)} tests, ${String(validationShare)} before it validates)`
      : String(protocol)
  const headline = headlineOf(variants[0]?.figures ?? {})
  const what = headline === 'full' ? 'targets' : 'impressions'
  const those = result.slice === undefined ? '' : ` (${result.slice})`
  const about = `Split ${split}${asked}, candidates ${frame.candidates}, ${targets} test ${what}${those} of ${users} users, seeds ${seeds.join(', ')}.`
  const sampled = frame.negatives !== null
  const parts = [
    `## ${title}`,
    absent.length > 0 ? `${about} Not run yet: ${absent.join(', ')}.` : about,
    headline === 'full' ? 'Against the full catalog:' : 'Whether each impression was clicked:',
    protocolTable(result, headline),
    ...belowTexts(result),
    ...(variants.some((variant) => isUseless(variant, result.constant))
      ? [
          `${uselessMark} Worse probabilities than a constant: the ${metrics.logLoss.printed} is above the ${baseRateName}'s.`,
        ]
      : []),
    ...(sampled
      ? [
          `Against ${negativeCount} sampled negatives (another question; not comparable with the table above):`,
          protocolTable(result, 'sampled99'),
        ]
      : []),
    'What was trained, with options that differ from the defaults, and the epoch that validation kept, of each seed:',
    markdownTable(
      ['variant', 'model', 'dataset', 'options', 'epoch kept'],
      variants.map(({ variant, model, dataset, options, bestEpochs }) => [
        variant,
        model,
        dataset,
        printOptions(options),
        printEpochs(bestEpochs),
      ]),
    ),
    ...(tried.length > 0
      ? [
          'Tried, and kept by validation alone; the others were never tested:',
          markdownTable(
            ['variant', 'options', 'seed', validationHead(headline), ''],
            tried.map(({ variant, options, seed, validation, kept }) => [
              variant,
              printOptions(options),
              String(seed),
              validation.toFixed(4),
              kept ? 'kept' : '',
            ]),
          ),
        ]
      : []),
  ]
  return parts.join('\n\n')
}
