/** @file Plots as SVG: figures with their intervals here, heatmaps and maps in files of their own. */
import type { CustomSeriesOption, LineSeriesOption } from 'echarts/charts'
import type { GridComponentOption, LegendComponentOption, TitleComponentOption } from 'echarts/components'
import type { ComposeOption } from 'echarts/core'
import { printedFigure } from '../../metrics/table.ts'
import { headlineOf, validationMetricOf } from '../terms.ts'
import type { ComparisonResult } from './comparison-result.ts'
import { drawHeatmaps, type Heatmaps } from './heatmap.ts'
import { drawHistoryCase, type HistoryCase } from './history-case.ts'
import { drawScatters, type Scatters } from './scatter.ts'
import { colors, panelSize, panelsOf, stacked, svgOf } from './svg.ts'

/** A figure at a place of the x axis, with its interval. */
export interface PlotPoint {
  readonly x: number | string
  readonly mean: number
  readonly low?: number | undefined
  readonly high?: number | undefined
}
/** Points of one name; joined by a line where x is a number. */
export interface PlotSeries {
  readonly name: string
  /** Whether they are one after the other, and no cloud; true by default. */
  readonly joined?: boolean
  readonly points: readonly PlotPoint[]
}
/** One pair of axes. */
export interface Panel {
  readonly title: string
  readonly x: string
  readonly y: string
  /** Whether equal factors of x are equally far apart; only where x is a number above 0. */
  readonly logarithmic?: boolean
  readonly series: readonly PlotSeries[]
}
/** Panels side by side; a series has one color in all of them. */
export interface Plot {
  readonly title: string
  readonly panels: readonly Panel[]
}

/** Drawings one below the other, in one file. */
export interface Stack {
  readonly stack: readonly Drawing[]
}

/** Whatever a study's plot is. */
export type Drawing = Plot | Heatmaps | Scatters | HistoryCase | Stack

type ChartOption = ComposeOption<
  CustomSeriesOption | GridComponentOption | LegendComponentOption | LineSeriesOption | TitleComponentOption
>

/** A drawing as SVG text; the same drawing gives the same text. */
export function drawPlot(drawing: Drawing): string {
  if ('stack' in drawing) return stacked(drawing.stack.map(drawPlot))
  if ('heatmaps' in drawing) return drawHeatmaps(drawing)
  if ('history' in drawing) return drawHistoryCase(drawing)
  return 'rows' in drawing ? drawScatters(drawing) : drawFigures(drawing)
}

function drawFigures({ title, panels }: Plot): string {
  const names = [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))]
  const wide = Math.max(...panels.map(categoriesOf).map(({ length }) => length)) > 6 ? 1.6 : 1
  const width = panelSize.width * wide
  const option: ChartOption = {
    color: colors,
    ...panelsOf(title, panels, width),
    ...(names.length > 1 && { legend: { data: names, top: 32 } }),
    xAxis: panels.map((panel, gridIndex) => ({
      gridIndex,
      name: panel.x,
      nameLocation: 'middle' as const,
      nameGap: 40,
      ...scaleOf(panel),
    })),
    yAxis: panels.map((panel, gridIndex) => ({
      gridIndex,
      type: 'value' as const,
      scale: true,
      name: panel.y,
      nameTextStyle: { fontSize: 11 },
    })),
    series: panels.flatMap((panel, at) =>
      panel.series.flatMap((series) =>
        seriesOf(panel, series, at, colors[names.indexOf(series.name) % colors.length] as string),
      ),
    ),
  }
  return svgOf(option, { width: width * panels.length, height: panelSize.height })
}

function scaleOf(panel: Panel) {
  if (!isNumeric(panel)) {
    const axisLabel = { interval: 0, rotate: 20, fontSize: 10 }
    return { type: 'category' as const, data: categoriesOf(panel), axisLabel }
  }
  if (!panel.logarithmic) return { type: 'value' as const }
  // A power of ten is not quite one after its logarithm was taken.
  return { type: 'log' as const, axisLabel: { formatter: (x: number) => String(Number(x.toPrecision(3))) } }
}

const isNumeric = ({ series }: Panel): boolean =>
  series.every(({ points }) => points.every(({ x }) => typeof x === 'number'))
const categoriesOf = ({ series }: Panel): string[] => [
  ...new Set(series.flatMap(({ points }) => points.map(({ x }) => String(x)))),
]

function seriesOf(
  panel: Panel,
  { name, points, joined = true }: PlotSeries,
  at: number,
  color: string,
): (LineSeriesOption | CustomSeriesOption)[] {
  const axes = { name, xAxisIndex: at, yAxisIndex: at, color }
  const numeric = isNumeric(panel)
  const place = ({ x }: PlotPoint): number => (numeric ? (x as number) : categoriesOf(panel).indexOf(String(x)))
  const line: LineSeriesOption = {
    ...axes,
    type: 'line',
    symbol: 'circle',
    symbolSize: 7,
    data: points.map((point) => [place(point), point.mean]),
    lineStyle: { width: numeric && joined ? 2 : 0 },
  }
  const bounded = points.filter(({ low, high }) => low !== undefined && high !== undefined)
  const bars: CustomSeriesOption = {
    ...axes,
    type: 'custom',
    data: bounded.map((point) => [place(point), point.low as number, point.high as number]),
    encode: { x: 0, y: [1, 2] },
    renderItem(_, api) {
      const end = (dimension: number): number[] => api.coord([api.value(0), api.value(dimension)])
      const [[x = 0, low = 0], [, high = 0]] = [end(1), end(2)] as [number[], number[]]
      const stroke = (x1: number, y1: number, x2: number, y2: number) => ({
        type: 'line' as const,
        shape: { x1, y1, x2, y2 },
        style: { stroke: color, lineWidth: 1.2, opacity: 0.7 },
      })
      return {
        type: 'group',
        children: [stroke(x, low, x, high), stroke(x - 4, low, x + 4, low), stroke(x - 4, high, x + 4, high)],
      }
    },
  }
  return [line, bars]
}

/** The plot of experiments without one of their own: each variant's first metric, a panel a comparison. */
export function plotOfVariants(title: string, results: readonly ComparisonResult[]): Plot {
  const panels = results.map(({ title, metrics, variants }) => {
    const [metric = validationMetricOf(headlineOf(variants[0]?.figures ?? {}))] = metrics
    const points = variants.flatMap(({ variant, figures }) => {
      const figure = figures[headlineOf(figures)]?.[metric]
      return figure ? [{ x: variant, ...figure }] : []
    })
    const name = printedFigure(metric)
    return { title, x: '', y: `test ${name}`, series: [{ name, points }] }
  })
  return { title, panels }
}
