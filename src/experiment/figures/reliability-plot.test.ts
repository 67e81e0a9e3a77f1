import { describe, expect, it } from 'vitest'
import { drawPlot } from './plot.ts'
import { reliabilityPlot } from './reliability-plot.ts'

const bin = (predicted: number, observed: number) => ({
  count: 100,
  predicted,
  observed,
  low: observed - 0.05,
  high: observed + 0.05,
})
const reports = [
  { model: 'din', reliability: [bin(0.1, 0.12), bin(0.3, 0.25)] },
  { model: 'lr', reliability: [bin(0.2, 0.2)] },
]

describe('the reliability plot', () => {
  it('has a series a model, predicted against observed with its interval, and the diagonal to the farthest bin', () => {
    const [panel] = reliabilityPlot(reports).panels
    expect(panel?.series.map(({ name }) => name)).toEqual(['calibrated', 'din', 'lr'])
    expect(panel?.series[1]?.points[1]).toEqual({ x: 0.3, mean: 0.25, low: 0.2, high: 0.3 })
    // The highest of predicted 0.1, 0.3, 0.2 and of the bounds 0.17, 0.3, 0.25.
    const [from, to] = panel?.series[0]?.points ?? []
    expect(from).toEqual({ x: 0, mean: 0 })
    expect(to?.x).toBeCloseTo(0.3, 12)
    expect(to?.mean).toBe(to?.x)
  })

  it('can be drawn, also without bins', () => {
    const svg = drawPlot(reliabilityPlot(reports))
    for (const text of ['Reliability', 'din', 'lr', 'calibrated', 'mean probability of a click', 'share clicked'])
      expect(svg).toContain(`>${text}</text>`)
    expect(drawPlot(reliabilityPlot([]))).toContain('Reliability')
  })
})
