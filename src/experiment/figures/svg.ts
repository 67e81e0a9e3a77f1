/** @file Charts as SVG text, drawn without a browser. Of all files, those of this room's plots alone import echarts. */
import { CustomChart, HeatmapChart, LineChart, ScatterChart } from 'echarts/charts'
import {
  GridComponent,
  type GridComponentOption,
  LegendComponent,
  TitleComponent,
  type TitleComponentOption,
  VisualMapComponent,
} from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

use([CustomChart, HeatmapChart, LineChart, ScatterChart])
use([GridComponent, LegendComponent, SVGRenderer, TitleComponent, VisualMapComponent])

/** Colors told apart by people who see no red or no green (Okabe and Ito). */
export const colors = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#999999']

/** Panels side by side, in pixels; what is left around the axes of each holds their names. */
export const panelSize = { width: 460, height: 380, left: 64, right: 24, top: 84, bottom: 64 }

/** The title of a chart, and those of its parts, each centered at a place. */
export const titlesOf = (
  title: string,
  parts: readonly { readonly title: string; readonly center: number; readonly top: number }[],
): TitleComponentOption[] => [
  { text: title, left: 'center', top: 8, textStyle: { fontSize: 15 } },
  ...parts.map(({ title: text, center, top }) => ({
    text,
    left: center,
    top,
    textAlign: 'center' as const,
    textStyle: { fontSize: 12 },
  })),
]

/** The titles of a chart and of its panels, which are side by side, and where the axes of each panel are. */
export const panelsOf = (
  title: string,
  panels: readonly { readonly title: string }[],
  width = panelSize.width,
): { title: TitleComponentOption[]; grid: GridComponentOption[] } => ({
  title: titlesOf(
    title,
    panels.map((panel, at) => ({ title: panel.title, center: width * (at + 0.5), top: 56 })),
  ),
  grid: panels.map((_, at) => ({
    left: width * at + panelSize.left,
    width: width - panelSize.left - panelSize.right,
    top: panelSize.top,
    bottom: panelSize.bottom,
  })),
})

/** Draws a chart; the same option gives the same text. */
export function svgOf(option: object, size: { readonly width: number; readonly height: number }): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...size })
  chart.setOption({ animation: false, backgroundColor: '#ffffff', ...option })
  const svg = chart.renderToSVGString()
  chart.dispose()
  // For pointers, which no page of ours has, and counted over all charts of the process, as ids are.
  const still = svg.replaceAll(/ class="[^"]*"/g, '').replace(/<style[\s\S]*?<\/style>\s*/, '')
  return `${still.replaceAll(/\bzr\d+-/g, 'zr-')}\n`
}

/** Charts one below the other, as one SVG. */
export function stacked(svgs: readonly string[]): string {
  const sizes = svgs.map((svg) => {
    const [, width, height] = /^<svg width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? []
    return { width: Number(width), height: Number(height) }
  })
  const width = Math.max(...sizes.map((size) => size.width))
  let top = 0
  const parts = svgs.map((svg, at) => {
    // Ids are those of a file: each chart has its own.
    const own = svg.replaceAll(/\bzr-/g, `zr${at}-`)
    const placed = own.replace('<svg ', `<svg y="${top}" `)
    top += sizes[at]?.height ?? 0
    return placed
  })
  const size = `width="${width}" height="${top}"`
  const head = `<svg ${size} viewBox="0 0 ${width} ${top}" xmlns="http://www.w3.org/2000/svg">`
  return `${head}\n<rect ${size} fill="#ffffff"/>\n${parts.join('')}</svg>\n`
}
