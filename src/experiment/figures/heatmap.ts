/** @file Heatmaps: a figure for each pair of two options' values, printed in its cell, the darker the higher. */
import type { HeatmapSeriesOption } from 'echarts/charts'
import type { GridComponentOption, TitleComponentOption, VisualMapComponentOption } from 'echarts/components'
import type { ComposeOption } from 'echarts/core'
import { panelSize, panelsOf, svgOf } from './svg.ts'

/** A figure by two options. */
export interface Heatmap {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly columns: readonly (number | string)[]
  readonly rows: readonly (number | string)[]
  /** By row and column; undefined where nothing was run. */
  readonly cells: readonly (readonly (number | undefined)[])[]
}
/** Heatmaps side by side, each with a scale of its own. */
export interface Heatmaps {
  readonly title: string
  readonly heatmaps: readonly Heatmap[]
}

type ChartOption = ComposeOption<
  GridComponentOption | HeatmapSeriesOption | TitleComponentOption | VisualMapComponentOption
>

/** One blue from light to dark: nobody needs to see red or green. */
const shades = ['#f7fbff', '#6baed6', '#08306b']

/** The heatmaps as SVG text. */
export function drawHeatmaps({ title, heatmaps }: Heatmaps): string {
  const option: ChartOption = {
    ...panelsOf(title, heatmaps),
    xAxis: heatmaps.map(({ x, columns }, gridIndex) => ({
      gridIndex,
      type: 'category' as const,
      data: columns.map(String),
      name: x,
      nameLocation: 'middle' as const,
      nameGap: 28,
    })),
    yAxis: heatmaps.map(({ y, rows }, gridIndex) => ({
      gridIndex,
      type: 'category' as const,
      data: rows.map(String),
      name: y,
      nameLocation: 'middle' as const,
      nameGap: 36,
    })),
    visualMap: heatmaps.map((heatmap, seriesIndex) => {
      const { low, high } = rangeOf(heatmap)
      return { seriesIndex, show: false, min: low, max: high, inRange: { color: shades } }
    }),
    series: heatmaps.map(seriesOf),
  }
  return svgOf(option, { width: panelSize.width * heatmaps.length, height: panelSize.height })
}

const figuresOf = ({ cells }: Heatmap): number[] => cells.flatMap((row) => row.flatMap((figure) => figure ?? []))

function rangeOf(heatmap: Heatmap): { low: number; high: number } {
  const figures = figuresOf(heatmap)
  return { low: Math.min(...figures), high: Math.max(...figures) }
}

function seriesOf(heatmap: Heatmap, at: number): HeatmapSeriesOption {
  const { low, high } = rangeOf(heatmap)
  const data = heatmap.cells.flatMap((row, y) =>
    row.flatMap((figure, x) => {
      if (figure === undefined) return []
      // White on the darker half; the best has a frame, since two near shades are hard to tell apart.
      const label = { color: figure > (low + high) / 2 ? '#ffffff' : '#1a1a1a', formatter: figure.toFixed(4) }
      const frame = figure === high ? { borderColor: '#000000', borderWidth: 3 } : {}
      return [{ value: [x, y, figure], label, itemStyle: frame }]
    }),
  )
  // The best is drawn last, so that no neighbor covers its frame.
  data.sort((a, b) => (a.value[2] as number) - (b.value[2] as number))
  return { type: 'heatmap', xAxisIndex: at, yAxisIndex: at, label: { show: true, fontSize: 10 }, data }
}
