/**
 * @file amazon-scientific with CLIP vectors: the comparison, SASRec's positions, and SGP4SR's sweep over interest
 * centers.
 */

import { printedFigure, validationMetric } from '../../metrics/table.ts'
import type { Experiment } from '../experiment.ts'
import type { ComparisonResult } from '../figures/comparison-result.ts'
import type { Plot } from '../figures/plot.ts'
import { amazonComparison, amazonTables, amazonVariant } from './amazon-comparisons.ts'

/** The models of SGP4SR's Table 2, and others, with one budget of tuning for all. */
export const scientific: Experiment = {
  name: 'scientific',
  title: 'amazon-scientific',
  about: "The ten models of SGP4SR's Table 2, and others, on amazon-scientific with its CLIP vectors.",
  comparisons: (wanted) => amazonTables('scientific', wanted),
  notes: () =>
    'Each model has the same budget of tuning, two rates of dropout, but for SSDRec, M3SRec and CMCLRec, which have their defaults.',
}

/** SASRec with positions from either end, over ten seeds: is the difference from what others have noise? */
export const sasrecPositions: Experiment = {
  name: 'sasrec-positions',
  title: 'SASRec with positions from the start and from the end, amazon-scientific',
  about: 'SASRec on amazon-scientific with positions that are counted from the start and from the end, ten seeds.',
  seeds: Array.from({ length: 10 }, (_, at) => at + 1),
  comparisons(wanted) {
    const fromStart = { ...amazonVariant('scientific', 'sasrec'), name: 'from the start' }
    const fromEnd = { name: 'from the end', model: 'sasrec', like: fromStart.name, config: { positions: 'end' } }
    return [
      amazonComparison('scientific', wanted, {
        title: 'Positions',
        reference: fromStart.name,
        variants: [fromStart, fromEnd],
      }),
    ]
  },
}

const centers = Array.from({ length: 11 }, (_, at) => 10 * at)
/** The number of centers with which the other options are chosen: that of the whole model. */
const usual = 50
const centersName = (count: number): string => `k = ${count}`

/** SGP4SR with other numbers of interest centers. */
export const sgp4srCenters: Experiment = {
  name: 'sgp4sr-centers',
  title: 'SGP4SR by the number of interest centers, amazon-scientific',
  about: 'SGP4SR on amazon-scientific with 0, 10, ... and 100 interest centers.',
  comparisons(wanted) {
    const whole = { ...amazonVariant('scientific', 'sgp4sr'), name: centersName(usual) }
    const variants = centers.map((count) =>
      count === usual
        ? whole
        : { name: centersName(count), model: 'sgp4sr', like: whole.name, config: { centers: count } },
    )
    return [amazonComparison('scientific', wanted, { title: 'Interest centers', reference: whole.name, variants })]
  },
  plot: centersPlot,
}

function centersPlot([result]: readonly ComparisonResult[]): Plot {
  const placed = (result?.variants ?? []).map((variant) => ({
    ...variant,
    x: Number(variant.variant.replace(/\D+/, '')),
  }))
  const panel = (
    title: string,
    figure: (variant: (typeof placed)[number]) => { mean: number; low?: number; high?: number } | null | undefined,
  ) => {
    const points = placed.flatMap((variant) => {
      const found = figure(variant)
      return found ? [{ x: variant.x, ...found }] : []
    })
    return {
      title,
      x: 'k, interest centers',
      y: printedFigure(validationMetric.ranks),
      series: [{ name: 'SGP4SR', points }],
    }
  }
  const panels = [
    panel('validation', ({ validation }) => validation),
    panel('test', ({ figures }) => figures.full?.[validationMetric.ranks]),
  ]
  return { title: sgp4srCenters.title, panels }
}
