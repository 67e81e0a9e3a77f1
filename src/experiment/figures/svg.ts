/** @file Charts as SVG text, drawn without a browser. Of all files, those of this room's plots alone import echarts. */
import { CustomChart, HeatmapChart, LineChart, ScatterChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TitleComponent, VisualMapComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

use([CustomChart, HeatmapChart, LineChart, ScatterChart])
use([GridComponent, LegendComponent, SVGRenderer, TitleComponent, VisualMapComponent])

/** Colors told apart by people who see no red or no green (Okabe and Ito). */
export const colors = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#999999']

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
