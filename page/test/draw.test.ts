import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { describe, expect, it, vi } from 'vitest'
import { optionOf } from '../src/charts/draw.ts'
import { percent } from '../src/format.ts'

use([SVGRenderer])
// From the start: echarts says a thing once.
const complaints = (['log', 'warn', 'error'] as const).map((way) =>
  vi.spyOn(console, way).mockImplementation(() => undefined),
)
const style = { getPropertyValue: () => '#000000', fontFamily: 'serif' }

/** The texts of a drawn chart whose one line ends at a share. */
function textsAt(share: number): (string | undefined)[] {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 500, height: 220 })
  const points = [
    [0, 0],
    [1, share],
  ] as const
  const facts = { x: {}, y: { format: percent, fromZero: true }, lines: [{ name: 'Lists', color: 'text', points }] }
  chart.setOption(optionOf(facts, style))
  const svg = chart.renderToSVGString()
  chart.dispose()
  return Array.from(svg.matchAll(/>([^<>]+)<\/text>/g), ([, text]) => text)
}

describe('a drawn chart', () => {
  it('ends an axis of shares at 100% at most', () => {
    for (const share of [0.2, 0.5, 0.75, 0.97, 1]) {
      const percents = textsAt(share).flatMap((text) => (text?.endsWith('%') ? [Number.parseInt(text, 10)] : []))
      expect(Math.max(...percents)).toBeGreaterThanOrEqual(100 * share)
      expect(Math.max(...percents)).toBeLessThanOrEqual(100)
    }
  })

  it('asks echarts for nothing that it complains of', () => {
    textsAt(1)
    expect(complaints.flatMap(({ mock }) => mock.calls)).toEqual([])
  })
})
