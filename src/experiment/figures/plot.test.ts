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

  it('has equal factors equally far apart where it is logarithmic', () => {
    const series = [{ name: 'one', points: [0.0001, 0.001, 0.01].map((x) => ({ x, mean: 1 })) }]
    const svg = drawPlot({ title: '', panels: [{ title: '', x: '', y: '', logarithmic: true, series }] })
    const across = [...svg.matchAll(/transform="matrix\(3.5,0,0,3.5,([\d.]+),/g)].map(([, x]) => Number(x))
    expect(across).toHaveLength(3)
    expect(svg).toContain('>0.0001</text>')
    const [first = 0, second = 0, third = 0] = across
    expect(third - second).toBeCloseTo(second - first, 1)
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

describe('drawings one below the other', () => {
  const one = drawPlot(plot)
  const svg = drawPlot({ stack: [plot, plot] })

  it('are one file, as wide as the widest and as high as all', () => {
    expect(svg).toMatch(/^<svg width="920" height="760" [\s\S]*<svg y="0" width="920"[\s\S]*<svg y="380" width="920"/)
    expect(svg.match(/>left<\/text>/g)).toHaveLength(2)
  })

  it('clip by shapes of their own', () => {
    expect(one).toContain('url(#zr-c0)')
    for (const id of ['zr0-c0', 'zr1-c0']) expect(svg.split(`id="${id}"`)).toHaveLength(2)
  })
})

describe('a heatmap', () => {
  const heatmap = {
    title: 'by steps',
    x: 'weight',
    y: 'steps',
    columns: [0.01, 1],
    rows: [5, 15],
    cells: [
      [0.1, 0.2],
      [0.35, undefined],
    ],
  }
  const svg = drawPlot({ title: 'Maps', heatmaps: [heatmap, { ...heatmap, title: 'again' }] })

  it('has its axes, and each figure printed in its cell', () => {
    for (const text of ['Maps', 'by steps', 'again', 'weight', 'steps', '0.01', '15', '0.1000', '0.2000', '0.3500'])
      expect(svg).toContain(`>${text}</text>`)
    expect(svg.match(/>0\.3500</g)).toHaveLength(2)
  })

  it('is darker where a figure is higher, in blue alone, and frames the best', () => {
    const fillOf = (text: string): string | undefined =>
      new RegExp(`<text[^>]*fill="([^"]*)"[^>]*>${text}<`).exec(svg)?.[1]
    expect([fillOf('0.1000'), fillOf('0.3500')]).toEqual(['#1a1a1a', '#ffffff'])
    const fills = new Set(
      [...svg.matchAll(/<path[^>]*fill="rgb\((\d+),(\d+),(\d+)\)"/g)].map(([, ...rgb]) => rgb.map(Number)),
    )
    expect(fills.size).toBeGreaterThan(2)
    for (const [red = 0, green = 0, blue = 0] of fills) expect(red <= green && green <= blue).toBe(true)
    expect(svg.match(/stroke-width="3"/g)).toHaveLength(2)
  })
})

describe('a map', () => {
  const points = Array.from({ length: 9 }, (_, at) => ({ x: at, y: at % 3, category: `kind ${at}` }))

  it('has a point an item, and a shape of its own once colors begin again', () => {
    const svg = drawPlot({
      title: 'Items',
      rows: [
        [
          { title: 'before', points },
          { title: 'after', points },
        ],
      ],
    })
    for (const text of ['Items', 'before', 'after', 'kind 0', 'kind 8']) expect(svg).toContain(`>${text}</text>`)
    // Nine a map, and nine in the legend; the ninth is a triangle.
    expect(svg.match(/fill="#0072b2"/g)).toHaveLength(6)
  })
})
