/** @file Draws charts with echarts. Nothing else imports it, so that it is loaded with the first chart. */
import { LineChart } from 'echarts/charts'
import { GridComponent, TooltipComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'
import type { Axis, ChartFacts, Line } from './chart.tsx'

use([LineChart, GridComponent, TooltipComponent, CanvasRenderer])

/** A chart in the document. */
export interface Drawn {
  show(facts: ChartFacts): void
  resize(): void
  dispose(): void
}

/** Draws into an element. */
export function draw(element: HTMLElement): Drawn {
  const chart = init(element)
  return {
    // Colors are read each time: the scheme may have changed.
    show: (facts) => chart.setOption(optionOf(facts, getComputedStyle(element)), { notMerge: true }),
    resize: () => chart.resize(),
    dispose: () => chart.dispose(),
  }
}

/** The distances of a grid are those of its axes' labels. */
const labelsInside = { outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' } as const

/** The chart as echarts wants it, in the colors of an element. */
export function optionOf(
  { x, y, lines }: ChartFacts,
  style: Pick<CSSStyleDeclaration, 'getPropertyValue' | 'fontFamily'>,
) {
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim()
  const font = { fontFamily: style.fontFamily, fontSize: 11, color: token('text-3') }
  const labelled = lines.length > 1
  const shifts = shiftsOf(lines)
  const axis = ({ format, ends, step }: Axis) => ({
    type: 'value' as const,
    axisLabel: { ...font, hideOverlap: true, ...(format && { formatter: (value: number) => format(value) }) },
    axisTick: { show: false },
    axisLine: { show: false },
    splitNumber: 4,
    ...(step !== undefined && { interval: step }),
    ...(ends && { min: ends[0], max: ends[1] }),
  })
  return {
    animation: false,
    grid: { left: 8, right: labelled ? 76 : 16, top: 24, bottom: 4, ...labelsInside },
    tooltip: {
      // Drawn, and not put together as HTML with style attributes, which the page's policy forbids.
      renderMode: 'richText' as const,
      trigger: 'axis' as const,
      backgroundColor: token('surface'),
      borderColor: token('line'),
      textStyle: { ...font, color: token('text') },
      axisPointer: { lineStyle: { color: token('line-strong') } },
      formatter: (points: unknown) => tooltipOf(points as readonly Point[], x, y),
    },
    xAxis: { ...axis(x), splitLine: { show: false } },
    yAxis: {
      ...axis(y),
      splitLine: { lineStyle: { color: token('line') } },
      // In five parts an axis of shares ends at 100%; in four, one that reaches 1 would end at 120%.
      ...(y.fromZero ? { min: 0, splitNumber: 5 } : { scale: true }),
    },
    series: lines.flatMap((line, at) => seriesOf(line, { token, font, labelled, shift: shifts[at] ?? 0 })),
  }
}

interface LineStyle {
  readonly token: (name: string) => string
  readonly font: { readonly fontFamily: string; readonly fontSize: number; readonly color: string }
  readonly labelled: boolean
  /** How far its name stands from its end, in pixels. */
  readonly shift: number
}

/** Names of lines that end close together, moved apart: the higher one up, the lower one down. */
function shiftsOf(lines: readonly Line[]): number[] {
  const values = lines.flatMap(({ points }) => points.map(([, y]) => y))
  const near = 0.08 * (Math.max(...values) - Math.min(...values))
  const ends = lines.map(({ points }) => points.at(-1)?.[1] ?? 0)
  return ends.map((end, at) => {
    const others = ends.filter((other, place) => place !== at && Math.abs(other - end) < near)
    const below = others.filter((other) => other < end).length
    return 7 * (others.length - 2 * below)
  })
}

/** A line, and its named point as a series of its own, without a name. */
function seriesOf({ name, color, points, mark }: Line, { token, font, labelled, shift }: LineStyle) {
  const ink = token(color)
  const line = {
    type: 'line' as const,
    name,
    data: points.map((point) => [...point]),
    showSymbol: points.length === 1,
    symbolSize: 6,
    color: ink,
    lineStyle: { width: 1.5, color: ink },
    endLabel: {
      show: labelled,
      offset: [0, shift],
      formatter: '{a}',
      ...font,
      color: token('text'),
      fontWeight: 600,
      width: 72,
      overflow: 'truncate' as const,
    },
  }
  if (!mark) return [line]
  const point = {
    type: 'line' as const,
    name: '',
    data: [[...mark.at]],
    symbol: 'circle',
    symbolSize: 8,
    z: 5,
    itemStyle: { color: token('surface'), borderColor: ink, borderWidth: 2 },
    label: {
      show: true,
      // Above a curve that rises, the room is to the left.
      ...(mark.side === 'right'
        ? { position: 'right' as const }
        : { position: 'top' as const, align: 'right' as const, offset: [10, 0] }),
      formatter: mark.said,
      ...font,
      textBorderColor: token('surface'),
      textBorderWidth: 3,
    },
  }
  return [line, point]
}

interface Point {
  readonly seriesName?: string
  readonly value: readonly [number, number]
}

function tooltipOf(points: readonly Point[], x: Axis, y: Axis): string {
  const named = points.filter(({ seriesName }) => seriesName)
  const print = ({ format = String }: Axis, value: number | undefined): string =>
    value === undefined ? '' : format(value)
  const head = `${x.name ? `${x.name} ` : ''}${print(x, named[0]?.value[0])}`
  return [head, ...named.map(({ seriesName, value }) => `${seriesName} ${print(y, value[1])}`)].join('\n')
}
