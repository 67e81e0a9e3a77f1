import { describe, expect, it } from 'vitest'
import { drawPlot, type Plot } from './plot.ts'

const points = [
  { x: 0, mean: 0.08, low: 0.07, high: 0.09 },
  { x: 50, mean: 0.07 },
]
const plot: Plot = {
  title: 'A & B',
  panels: [
    {
      title: 'left',
      x: 'share',
      y: 'NDCG@10',
      series: [
        { name: 'one', points },
        { name: 'two', points },
      ],
    },
    { title: 'right', x: '', y: 'R@10', series: [{ name: 'one', points: [{ x: 'SASRec', mean: 1 }] }] },
  ],
}

describe('a plot', () => {
  it('is an SVG with its titles, names and axes', () => {
    const svg = drawPlot(plot)
    expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"[\s\S]*<\/svg>\n$/)
    for (const text of ['A &amp; B', 'left', 'right', 'one', 'two', 'share', 'NDCG@10', 'R@10', 'SASRec'])
      expect(svg).toContain(`>${text}</text>`)
  })

  it('is the same text each time it is drawn', () => {
    expect(drawPlot(plot)).toBe(drawPlot(plot))
  })

  it('shows the interval where there is one', () => {
    const bars = (svg: string): number => svg.match(/stroke-opacity="0.7"|opacity="0.7"/g)?.length ?? 0
    const without = points.map(({ x, mean }) => ({ x, mean }))
    expect(bars(drawPlot(plot))).toBeGreaterThan(0)
    expect(
      bars(drawPlot({ title: '', panels: [{ title: '', x: '', y: '', series: [{ name: 'one', points: without }] }] })),
    ).toBe(0)
  })
})
