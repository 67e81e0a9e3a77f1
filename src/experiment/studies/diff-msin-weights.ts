/** @file Diff-MSIN by the weights of its two losses, w1 and w2 of eq. 19 (the paper's Fig. 6), on amazon-scientific. */
import { metrics } from '../../metrics/table.ts'
import type { Comparison, Experiment } from '../experiment.ts'
import type { ComparisonResult, VariantResult } from '../figures/comparison-result.ts'
import type { Heatmap } from '../figures/heatmap.ts'
import type { Panel, Stack } from '../figures/plot.ts'
import { clicksOn, spent, whole } from './diff-msin-comparisons.ts'

/** The paper's range; ours is the fifth. */
const weights = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05]
/** Those of the whole model, with which the learning rate is chosen. */
const usual = 0.01
interface Pair {
  readonly w1: number
  readonly w2: number
}
const nameOf = ({ w1, w2 }: Pair): string => `w1 ${w1}, w2 ${w2}`
const ours = nameOf({ w1: usual, w2: usual })

const byW1 = weights.map((w1): Pair => ({ w1, w2: usual }))
const byW2 = weights.map((w2): Pair => ({ w1: usual, w2 }))
const all = weights.flatMap((w1) => weights.map((w2): Pair => ({ w1, w2 })))
const titles = { curves: 'Each weight alone', map: 'Both weights' } as const

function ofPairs(pairs: readonly Pair[]): Pick<Comparison, 'variants'> & { readonly reference: string } {
  const others = pairs.map((pair) => [nameOf(pair), { ...pair }] as const).filter(([name]) => name !== ours)
  return whole('scientific', Object.fromEntries(others), ours)
}

/** Each weight beside the other's default, and all pairs. */
export const diffMsinWeights: Experiment = {
  name: 'diff-msin-weights',
  title: 'Diff-MSIN by the weights of its losses, amazon-scientific',
  about:
    'Diff-MSIN on DIN on amazon-scientific by the weight of the loss that keeps experts apart (w1) and of the synergy loss (w2), 0.0001 to 0.05: each alone with three seeds, both together with one, three at the best and the worst by validation.',
  guess: { hours: 2, from: spent },
  comparisons: (wanted) => [
    clicksOn(wanted, 'scientific', { title: titles.curves, ...ofPairs([...byW1, ...byW2]) }),
    clicksOn(wanted, 'scientific', { title: titles.map, ...ofPairs(all), seeds: [1], extremes: [1, 2, 3] }),
  ],
  plot: weightsPlot,
  notes: () =>
    'In the curves the other weight is 0.01. A figure of the heatmap is of one seed, so what differs by less than the interval may be noise.',
}

function weightsPlot(results: readonly ComparisonResult[]): Stack {
  const { auc } = metrics
  const figureOf = (title: string, pair: Pair): VariantResult['validation'] | undefined =>
    results.find((result) => result.title === title)?.variants.find(({ variant }) => variant === nameOf(pair))?.figures
      .impressions?.[auc.key]
  const panel = (of: keyof Pair, pairs: readonly Pair[]): Panel => ({
    title: `by ${of}`,
    x: of,
    y: `test ${auc.printed}`,
    logarithmic: true,
    series: [
      {
        name: 'Diff-MSIN',
        points: pairs.flatMap((pair) => {
          const figure = figureOf(titles.curves, pair)
          return figure ? [{ x: pair[of], ...figure }] : []
        }),
      },
    ],
  })
  const heatmap: Heatmap = {
    title: `test ${auc.printed}, one seed`,
    x: 'w2',
    y: 'w1',
    columns: weights,
    rows: weights,
    cells: weights.map((w1) => weights.map((w2) => figureOf(titles.map, { w1, w2 })?.mean)),
  }
  const curves = [panel('w1', byW1), panel('w2', byW2)]
  return {
    stack: [
      { title: diffMsinWeights.title, panels: curves },
      { title: titles.map, heatmaps: [heatmap] },
    ],
  }
}
