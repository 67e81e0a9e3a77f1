/** @file The plot of predicted against observed shares of clicks. */
import type { ClickReport } from '../../evaluate/clicks.ts'
import type { Plot } from './plot.ts'

/**
 * The reliability plot of models on the same impressions: a point a bin, with its interval, and the diagonal on which
 * predicted equals observed.
 */
export function reliabilityPlot(reports: readonly Pick<ClickReport, 'model' | 'name' | 'reliability'>[]): Plot {
  const bins = reports.flatMap(({ reliability }) => reliability)
  // As far as the bins go, not to 1: where few impressions are clicked all would lie in a corner.
  const end = Math.max(0, ...bins.flatMap(({ predicted, high }) => [predicted, high]))
  const diagonal = { name: 'calibrated', points: [0, end].map((share) => ({ x: share, mean: share })) }
  const series = reports.map(({ model, name = model, reliability }) => ({
    name,
    points: reliability.map(({ predicted, observed, low, high }) => ({ x: predicted, mean: observed, low, high })),
  }))
  // The diagonal is drawn first, so that it hides no model.
  const panel = { title: '', x: 'mean probability of a click', y: 'share clicked', series: [diagonal, ...series] }
  return { title: 'Reliability', panels: [panel] }
}
