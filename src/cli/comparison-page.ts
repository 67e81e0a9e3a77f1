/** @file Compared runs as an HTML page with a plot. */
import { markdownTable } from '../evaluate/printing.ts'
import { htmlPage } from '../experiment/figures/html-page.ts'
import { drawPlot } from '../experiment/figures/plot.ts'
import { printedFigure, type RankFigure } from '../metrics/table.ts'
import { type ComparedRuns, headingOf, headOf, rowsOf } from './comparison.ts'

/** Draws the page: a plot and a table for each dataset and split. */
export function comparisonHtml(groups: readonly ComparedRuns[]): string {
  const plots = groups.map((group, at) => [`plot${at}.svg`, plotOf(group)] as const)
  const parts = groups.flatMap((group, at) => [
    `## ${headingOf(group, groups)}`,
    `![plot](plot${at}.svg)`,
    markdownTable(headOf(group), rowsOf(group)),
  ])
  return htmlPage({ markdown: ['# Runs compared', ...parts].join('\n\n'), plots: Object.fromEntries(plots) })
}

function plotOf({ runs, metric }: ComparedRuns): string {
  const name = printedFigure(metric as RankFigure)
  const points = runs.map(({ run, figures }) => ({ x: run, ...(figures[metric] ?? { mean: Number.NaN }) }))
  return drawPlot({ title: '', panels: [{ title: '', x: '', y: name, series: [{ name, points }] }] })
}
