/** @file A knock-out as text and as an HTML page with a plot. */
import { drawTable, markdownTable } from '../evaluate/printing.ts'
import { htmlPage } from '../experiment/figures/html-page.ts'
import { drawPlot, type Panel } from '../experiment/figures/plot.ts'
import type { KnockOut } from '../knockout/knock-out.ts'
import type { WayResult } from '../knockout/results.ts'
import { headingOf, headOf, rowsOf, sentencesOf } from '../knockout/told.ts'
import { printedFigure, type RankFigure } from '../metrics/table.ts'

/** The sentences and the table. */
export function printKnockOut(knockOut: KnockOut, plain: boolean): string {
  const table = drawTable([...headOf(knockOut)], rowsOf(knockOut), { plain })
  return [headingOf(knockOut), ...sentencesOf(knockOut), '', table].join('\n')
}

/** Draws the page: the sentences, a plot of what is lost, the table. */
export function knockOutHtml(knockOut: KnockOut): string {
  const { run } = knockOut
  const parts = [
    `# What each signal is worth to ${run}`,
    headingOf(knockOut),
    sentencesOf(knockOut)
      .map((sentence) => `- ${sentence}`)
      .join('\n'),
    '![what is lost](lost.svg)',
    markdownTable(headOf(knockOut), rowsOf(knockOut)),
  ]
  return htmlPage({ markdown: parts.join('\n\n'), plots: { 'lost.svg': plotOf(knockOut) } })
}

function plotOf({ signals, metric }: KnockOut): string {
  const panel = (title: string, resultsOf: (at: number) => readonly WayResult[] | undefined): Panel => ({
    title,
    x: '',
    y: `${printedFigure(metric as RankFigure)} lost`,
    series: signals.map(({ name }, at) => ({
      name,
      points: (resultsOf(at) ?? []).flatMap(({ way, loss }) => (loss ? [{ x: `${name}, ${way}`, ...loss }] : [])),
    })),
  })
  const retrained = signals.some((signal) => signal.retrained)
  const panels = [
    panel('at inference', (at) => signals[at]?.inference),
    ...(retrained ? [panel('retrained', (at) => signals[at]?.retrained)] : []),
  ]
  return drawPlot({ title: '', panels })
}
