/** @file Diff-MSIN by the number of its diffusion steps T (the paper's Fig. 5), on amazon-scientific. */
import { metrics, printedFigure, validationMetric } from '../../metrics/table.ts'
import type { Experiment } from '../experiment.ts'
import type { ComparisonResult, VariantResult } from '../figures/comparison-result.ts'
import type { Panel, Plot } from '../figures/plot.ts'
import { clicksOn, spent, whole } from './diff-msin-comparisons.ts'

const steps = [1, 2, 5, 8, 10, 12, 15, 20, 30, 50]
/** That of the whole model, with which the learning rate is chosen. */
const usual = 12
const nameOf = (count: number): string => `T = ${count}`

/** One to fifty steps. */
export const diffMsinSteps: Experiment = {
  name: 'diff-msin-steps',
  title: 'Diff-MSIN by the number of diffusion steps, amazon-scientific',
  about: 'Diff-MSIN on DIN on amazon-scientific with T = 1, 2, 5, 8, 10, 12, 15, 20, 30 and 50 diffusion steps.',
  guess: { hours: 1, from: spent },
  comparisons(wanted) {
    const others = steps.filter((count) => count !== usual).map((count) => [nameOf(count), { steps: count }] as const)
    const { reference, variants } = whole('scientific', Object.fromEntries(others), nameOf(usual))
    const inOrder = steps.flatMap((count) => variants.filter(({ name }) => name === nameOf(count)))
    return [clicksOn(wanted, 'scientific', { title: 'Diffusion steps', reference, variants: inOrder })]
  },
  plot: stepsPlot,
}

function stepsPlot([result]: readonly ComparisonResult[]): Plot {
  const panel = (
    title: string,
    y: string,
    figureOf: (variant: VariantResult) => VariantResult['validation'] | undefined,
  ): Panel => {
    const points = steps.flatMap((x) => {
      const variant = result?.variants.find((one) => one.variant === nameOf(x))
      const figure = variant && figureOf(variant)
      return figure ? [{ x, ...figure }] : []
    })
    return { title, x: 'T, diffusion steps', y, series: [{ name: 'Diff-MSIN', points }] }
  }
  const { auc } = metrics
  const validated = validationMetric.clicks
  return {
    title: diffMsinSteps.title,
    panels: [
      panel('validation', printedFigure(validated), ({ validation }) => validation),
      panel('test', auc.printed, ({ figures }) => figures.impressions?.[auc.key]),
    ],
  }
}
