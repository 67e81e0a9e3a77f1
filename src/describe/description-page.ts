/** @file A description as an HTML page with plots. */
import { markdownTable } from '../evaluate/printing.ts'
import { htmlPage } from '../experiment/figures/html-page.ts'
import { drawPlot, type Panel } from '../experiment/figures/plot.ts'
import type { Description } from './description.ts'
import type { CurvePoint } from './log-facts.ts'
import { sectionsOf, sizesOf } from './sections.ts'

/** Draws the page: what to know, the plots, the tables. */
export function descriptionPage(description: Description): string {
  const { name, findings } = description
  const plot = drawPlot({ title: '', panels: panelsOf(description) })
  const sections = sectionsOf(description).flatMap(({ title, head, rows, notes }) => [
    `## ${title}`,
    markdownTable(head, rows),
    ...notes.map((note) => note),
  ])
  const told = findings.length === 0 ? [] : ['## What to know', findings.map((finding) => `- ${finding}`).join('\n')]
  return htmlPage({
    markdown: [`# ${name}`, sizesOf(description), ...told, '![plots](plots.svg)', ...sections].join('\n\n'),
    plots: { 'plots.svg': plot },
  })
}

function panelsOf({ log }: Description): Panel[] {
  const panel = (title: string, x: string, y: string, curve: readonly CurvePoint[]): Panel[] =>
    curve.length === 0
      ? []
      : [
          {
            title,
            x,
            y,
            series: [{ name: 'all', points: curve.map(({ share, value }) => ({ x: 100 * share, mean: value })) }],
          },
        ]
  const logarithms = (curve: readonly CurvePoint[]): CurvePoint[] =>
    curve.map(({ share, value }) => ({ share, value: Math.log10(Math.max(1, value)) }))
  return [
    ...panel('length of histories', '% of the users', 'events, log10', logarithms(log.lengthCurve)),
    ...panel('time between events', '% of the gaps', 'seconds, log10', logarithms(log.gapCurve)),
    ...panel(
      'popularity',
      '% of the items',
      '% of the events',
      log.popularity.curve.map(({ share, value }) => ({ share, value: 100 * value })),
    ),
  ]
}
