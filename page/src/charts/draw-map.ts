/** @file Draws points with echarts. Nothing else imports it, so that it is loaded with the first map. */
import { ScatterChart } from 'echarts/charts'
import { GridComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'
import type { PointsFacts } from './points.tsx'

use([ScatterChart, GridComponent, CanvasRenderer])

/** Points in the document. */
export interface DrawnPoints {
  show(facts: PointsFacts): void
  /** Where a point is, from the left and the top of the drawing. */
  at(index: number): readonly [number, number]
  resize(): void
  dispose(): void
}

/** Draws into an element. @param pointed is told which point somebody points at, and picks */
export function drawPoints(element: HTMLElement, pointed: (index: number) => void): DrawnPoints {
  const chart = init(element)
  let shown: PointsFacts | undefined
  for (const event of ['mouseover', 'click'] as const)
    chart.on(event, ({ value }) => pointed((value as readonly number[])[2] as number))
  return {
    // Colors are read each time: the scheme may have changed.
    show(facts) {
      shown = facts
      chart.setOption(pointsOption(facts, getComputedStyle(element)), { notMerge: true })
    },
    at(index) {
      const point = [shown?.points[2 * index] ?? 0, shown?.points[2 * index + 1] ?? 0]
      return chart.convertToPixel({ gridIndex: 0 }, point) as unknown as [number, number]
    },
    resize: () => chart.resize(),
    dispose: () => chart.dispose(),
  }
}

/** The points as echarts wants them, in the colors of an element: a series for each color, the picked one on top. */
function pointsOption(
  { points, colors, labels, picked }: PointsFacts,
  style: Pick<CSSStyleDeclaration, 'getPropertyValue' | 'fontFamily'>,
) {
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim()
  const point = (at: number): number[] => [points[2 * at] as number, points[2 * at + 1] as number, at]
  const all = colors.map((color, at) => ({ color, at }))
  const axis = { type: 'value' as const, show: false, scale: true }
  const scatter = { type: 'scatter' as const, animation: false }
  const groups = [...new Set(colors)].map((color) => ({
    ...scatter,
    symbolSize: 6,
    cursor: 'pointer',
    itemStyle: { color: token(color), opacity: 0.8 },
    emphasis: { scale: 1.6 },
    data: all.filter((one) => one.color === color).map(({ at }) => point(at)),
  }))
  const names = {
    ...scatter,
    symbolSize: 0,
    silent: true,
    z: 6,
    labelLayout: { hideOverlap: true },
    data: labels.map(({ said, at }) => ({
      value: [...at],
      label: {
        show: true,
        formatter: said,
        fontFamily: style.fontFamily,
        fontSize: 12,
        fontWeight: 600,
        color: token('text'),
        textBorderColor: token('surface'),
        textBorderWidth: 3,
      },
    })),
  }
  const ring = {
    ...scatter,
    symbolSize: 13,
    z: 7,
    itemStyle: {
      color: picked === undefined ? token('text') : token(colors[picked] ?? 'text'),
      borderColor: token('text'),
      borderWidth: 2,
    },
    data: picked === undefined ? [] : [point(picked)],
  }
  return {
    animation: false,
    grid: { left: 12, right: 12, top: 12, bottom: 12 },
    xAxis: axis,
    yAxis: axis,
    series: [...groups, names, ring],
  }
}
