/** @file The noise test of SGP4SR's Fig. 3: how far models decline when items show another item's picture. */

import { markdownTable } from '../../evaluate/printing.ts'
import { printedFigure } from '../../metrics/table.ts'
import { modelOf } from '../../models/registry.ts'
import { noisyScientific } from '../data/public-datasets.ts'
import type { Experiment, Variant, Wanted } from '../experiment.ts'
import type { ComparisonResult, VariantResult } from '../figures/comparison-result.ts'
import type { Plot } from '../figures/plot.ts'
import { amazonComparison, amazonVariant } from './amazon-comparisons.ts'

const shares = [0, 0.1, 0.2, 0.3, 0.4, 0.5]
const metrics = ['ndcg@10', 'hr@10'] as const
/** As Fig. 3 has it, where HR is recall. */
const nameInPaper = (metric: (typeof metrics)[number]): string => (metric === 'hr@10' ? 'R@10' : printedFigure(metric))
const variantName = (model: string, share: number): string => `${modelOf(model).title} ${Math.round(100 * share)} %`

/** The models of Fig. 3, or those named on the command line. */
export const noise: Experiment = {
  name: 'noise',
  title: 'Wrong images, amazon-scientific',
  about:
    'The decline of models (--models) when a share of the items, 0 to 50 % in five seeded groups, has the image of another item.',
  // A group of items goes with each seed of training.
  seeds: [1, 2, 3, 4, 5],
  models: ['sasrecf', 'missrec', 'hm4sr', 'sgp4sr'],
  comparisons(wanted) {
    const variants = (wanted.models ?? []).flatMap((model) => shares.map((share) => noisy(model, share, wanted)))
    return [amazonComparison('scientific', wanted, { title: 'Models by the share of wrong images', variants })]
  },
  plot: noisePlot,
  notes: declines,
}

function noisy(model: string, share: number, { dataRoot }: Wanted): Variant {
  const clean = variantName(model, 0)
  if (share === 0) return { ...amazonVariant('scientific', model), name: clean }
  return {
    name: variantName(model, share),
    model,
    like: clean,
    against: clean,
    dataset: noisyScientific(dataRoot, share),
  }
}

/** The variants of each model, by share. */
function byModel([result]: readonly ComparisonResult[]): [
  model: string,
  shares: { share: number; result: VariantResult }[],
][] {
  const found = new Map<string, { share: number; result: VariantResult }[]>()
  for (const variant of result?.variants ?? []) {
    const share = shares.find((share) => variantName(variant.model, share) === variant.variant) ?? 0
    found.set(variant.model, [...(found.get(variant.model) ?? []), { share, result: variant }])
  }
  return [...found]
}

function noisePlot(results: readonly ComparisonResult[]): Plot {
  const panels = metrics.map((metric) => ({
    title: nameInPaper(metric),
    x: '% of items with a wrong image',
    y: `test ${nameInPaper(metric)}`,
    series: byModel(results).map(([model, variants]) => ({
      name: modelOf(model).title,
      points: variants.flatMap(({ share, result }) => {
        const figure = result.figures.full?.[metric]
        return figure ? [{ x: Math.round(100 * share), ...figure }] : []
      }),
    })),
  }))
  return { title: noise.title, panels }
}

/** The share that is lost of the figure without wrong images; its interval is that of the paired difference. */
function declines(results: readonly ComparisonResult[]): string {
  const lines = byModel(results).flatMap(([model, variants]) => {
    const clean = variants.find(({ share }) => share === 0)?.result.figures.full
    return variants.flatMap(({ share, result: { difference } }) => {
      if (!clean || !difference) return []
      const lost = metrics.map((metric) => {
        const [less, whole] = [difference.figures[metric], clean[metric]?.mean ?? Number.NaN]
        const percent = (value: number | undefined): string => ((-100 * (value ?? Number.NaN)) / whole).toFixed(1)
        return `${percent(less?.mean)} % [${percent(less?.high)}, ${percent(less?.low)}]`
      })
      return [[modelOf(model).title, `${Math.round(100 * share)} %`, ...lost]]
    })
  })
  return `Decline from no wrong images, full catalog:\n\n${markdownTable(['model', 'wrong images', ...metrics.map((metric) => `${nameInPaper(metric)} lost`)], lines)}`
}
