import { describe, expect, it } from 'vitest'
import type { HistoryCase } from './history-case.ts'
import { drawPlot } from './plot.ts'

const item = (title: string) => ({ title, note: 'click' })
const drawn: HistoryCase = {
  title: 'A & B',
  history: [
    { ...item('Salt & Pepper and the Very Long Tail of a Title'), picture: 'data:image/png;base64,AA==' },
    item('Pans'),
  ],
  targets: [
    {
      item: { title: 'Pots <new>', note: 'not clicked' },
      opinions: [
        { model: 'one', probability: 0.25, weights: [0.5, -2] },
        { model: 'two', probability: 0.5, weights: [0, 0] },
      ],
    },
  ],
}
const svg = drawPlot(drawn)

describe('a case', () => {
  it('has every picture in the file itself, and an empty frame where there is none', () => {
    expect(svg.match(/<image [^>]*href="data:image\/png;base64,AA=="/g)).toHaveLength(1)
    // The second event and the target.
    expect(svg.match(/fill="#f4f4f4"/g)).toHaveLength(2)
  })

  it('tells titles in two lines at most, with the whole title at hand, and what was done', () => {
    for (const text of [
      'A &amp; B',
      'Salt &amp; Pepper',
      'and the Very …',
      'Pans',
      'Pots &lt;new&gt;',
      'click',
      'not clicked',
    ])
      expect(svg).toContain(`>${text}</text>`)
    expect(svg).toContain('<title>Salt &amp; Pepper and the Very Long Tail of a Title</title>')
  })

  it('has probabilities, and bars by the size of a model’s weights, outlined below 0', () => {
    for (const text of ['0.250', '0.500', '0.50', '-2.0']) expect(svg).toContain(`>${text}</text>`)
    const bars = [...svg.matchAll(/<rect [^>]*width="32" height="([\d.]+)" (fill="none" stroke|fill)="/g)]
    expect(bars.map(([, height]) => height)).toEqual(['10.0', '40.0', '0.0', '0.0'])
    expect(bars.map(([bar]) => bar.includes('stroke'))).toEqual([false, true, false, false])
  })
})
