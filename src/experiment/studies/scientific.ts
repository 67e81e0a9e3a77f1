/**
 * @file amazon-scientific with CLIP vectors: the comparison, SGP4SR's ablations and its sweep over interest centers.
 */

import { printedFigure, validationMetric } from '../../metrics/table.ts'
import { amazonScientific } from '../data/public-datasets.ts'
import type { Comparison, Experiment, Variant, Wanted } from '../experiment.ts'
import type { ComparisonResult } from '../figures/comparison-result.ts'
import type { Plot } from '../figures/plot.ts'
import type { OptionSet } from '../terms.ts'
import { scientificSettings, triesOf } from './model-settings.ts'

const names: Readonly<Record<string, string>> = {
  sasrec: 'SASRec',
  sasrecf: 'SASRecF',
  sgp4sr: 'SGP4SR',
  gru4rec: 'GRU4Rec',
  bert4rec: 'BERT4Rec',
  popularity: 'popularity',
  'item-knn': 'item-kNN',
}
/** What a model is called in tables. */
export const nameOf = (slug: string): string => names[slug] ?? slug

/** A model as it is run on amazon-scientific, with the options that are tried. */
export function scientificVariant(model: string): Variant {
  const settings: OptionSet = scientificSettings[model] ?? {}
  const tune = triesOf(model)
  return { name: nameOf(model), model, ...settings, ...(tune && { tune }) }
}

/** What is measured on the Amazon sets. */
export const metrics = ['ndcg@10', 'hr@10', 'ndcg@50', 'hr@50'] as const

/** A comparison on amazon-scientific's own split, every item ranked. */
export const scientificComparison = (
  { dataRoot }: Wanted,
  about: Pick<Comparison, 'title' | 'variants'> & { reference?: string },
): Comparison => ({
  dataset: amazonScientific(dataRoot),
  split: { protocol: 'given' },
  metrics,
  ...about,
})

/** SGP4SR beside SASRec, SASRecF and the rest. */
export const scientific: Experiment = {
  name: 'scientific',
  title: 'amazon-scientific',
  about:
    'SASRec, SASRecF, SGP4SR, GRU4Rec, BERT4Rec, popularity and item-kNN on amazon-scientific with its CLIP vectors.',
  comparisons: (wanted) => [
    scientificComparison(wanted, {
      title: 'Models',
      reference: 'SASRec',
      variants: Object.keys(names).map(scientificVariant),
    }),
  ],
}

const ablations: Readonly<Record<string, string>> = {
  'w/o COO': 'withoutCoOccurrence',
  'w/o CGC': 'withoutGraphs',
  'w/o CIP': 'withoutCenters',
  'w/o MUL': 'withoutSeparation',
  'w/o C2C': 'withoutBoth',
}

/** SGP4SR without each of its parts (the paper's Table 3). */
export const sgp4srAblation: Experiment = {
  name: 'sgp4sr-ablation',
  title: 'SGP4SR without each part, amazon-scientific',
  about:
    'SGP4SR on amazon-scientific without co-occurrence, graphs, interest centers, separated streams, and graphs and centers.',
  comparisons(wanted) {
    const whole = scientificVariant('sgp4sr')
    const without = Object.entries(ablations).map(([name, option]) => ({
      name,
      model: 'sgp4sr',
      like: whole.name,
      config: { [option]: true },
    }))
    return [scientificComparison(wanted, { title: 'Ablations', reference: whole.name, variants: [whole, ...without] })]
  },
}

const centers = [0, 10, 30, 50, 70, 100]
/** The number of centers with which the other options are chosen: that of the whole model. */
const usual = 50
const centersName = (count: number): string => `k = ${count}`

/** SGP4SR with other numbers of interest centers. */
export const sgp4srCenters: Experiment = {
  name: 'sgp4sr-centers',
  title: 'SGP4SR by the number of interest centers, amazon-scientific',
  about: 'SGP4SR on amazon-scientific with 0 to 100 interest centers.',
  comparisons(wanted) {
    const whole = { ...scientificVariant('sgp4sr'), name: centersName(usual) }
    const variants = centers.map((count) =>
      count === usual
        ? whole
        : { name: centersName(count), model: 'sgp4sr', like: whole.name, config: { centers: count } },
    )
    return [scientificComparison(wanted, { title: 'Interest centers', reference: whole.name, variants })]
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
