/** @file Maps of items: a point each, its color and shape those of its category. */
import type { ScatterSeriesOption } from 'echarts/charts'
import type { GridComponentOption, LegendComponentOption, TitleComponentOption } from 'echarts/components'
import type { ComposeOption } from 'echarts/core'
import { colors, svgOf, titlesOf } from './svg.ts'

/** Points of some categories. */
export interface Scatter {
  readonly title: string
  readonly points: readonly { readonly x: number; readonly y: number; readonly category: string }[]
}
/** Rows of maps; the maps of a row have the same categories. */
export interface Scatters {
  readonly title: string
  readonly rows: readonly (readonly Scatter[])[]
}

type ChartOption = ComposeOption<
  GridComponentOption | LegendComponentOption | ScatterSeriesOption | TitleComponentOption
>

/** The next shape comes with every eight categories, where the colors begin again. */
const shapes = ['circle', 'triangle', 'rect', 'diamond']
const size = { panel: 320, top: 40, head: 24, legend: 60, point: 4 }
const rowHeight = size.panel + size.head + size.legend

/** The maps as SVG text. */
export function drawScatters({ title, rows }: Scatters): string {
  const width = size.panel * Math.max(...rows.map(({ length }) => length))
  const lines = rows.map((maps, row) => ({ maps, categories: categoriesOf(maps), top: size.top + row * rowHeight }))
  const placed = lines.flatMap(({ maps, ...line }) =>
    maps.map((map, column) => ({ ...map, ...line, left: column * size.panel })),
  )
  const hidden = placed.map((_, gridIndex) => ({ gridIndex, type: 'value' as const, scale: true, show: false }))
  const option: ChartOption = {
    title: titlesOf(
      title,
      placed.map(({ title, left, top }) => ({ title, center: left + size.panel / 2, top })),
    ),
    legend: lines.map(({ categories, top }) => ({
      data: categories,
      top: top + size.head + size.panel,
      itemWidth: 8,
      itemHeight: 8,
      textStyle: { fontSize: 10 },
    })),
    grid: placed.map(({ left, top }) => ({
      left: left + 8,
      top: top + size.head,
      width: size.panel - 16,
      height: size.panel - 8,
    })),
    xAxis: hidden,
    yAxis: hidden,
    series: placed.flatMap(({ points, categories }, at) =>
      categories.map((name, place) => ({
        name,
        type: 'scatter' as const,
        xAxisIndex: at,
        yAxisIndex: at,
        color: colors[place % colors.length] as string,
        symbol: shapes[Math.floor(place / colors.length) % shapes.length] as string,
        symbolSize: size.point,
        data: points.filter(({ category }) => category === name).map(({ x, y }) => [x, y]),
      })),
    ),
  }
  return svgOf(option, { width, height: size.top + rows.length * rowHeight })
}

/** The categories of the maps of a row, which have one color and shape in all of them. */
const categoriesOf = (maps: readonly Scatter[]): string[] =>
  [...new Set(maps.flatMap(({ points }) => points.map(({ category }) => category)))].toSorted((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  )
