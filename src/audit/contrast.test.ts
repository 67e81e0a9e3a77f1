import { describe, expect, it } from 'vitest'
import { auc } from '../metrics/auc.ts'
import { randomStream } from '../random/stream.ts'
import { contrast, leastTold } from './contrast.ts'

/** Meant rows have a first signal about 2, those by chance about 0; the second signal says nothing. */
function mixture(share: number, rows = 4000) {
  const random = randomStream(7, 'mixture', `${share}`)
  const byChance = Uint8Array.from({ length: rows }, () => (random.uniform() < share ? 1 : 0))
  const values = Float64Array.from({ length: 2 * rows }, (_, at) =>
    at % 2 === 1 ? random.normal() : (byChance[at >> 1] === 1 ? 0 : 2) + random.normal(),
  )
  const drawn = Float64Array.from({ length: 2 * rows }, () => random.normal())
  return { byChance, ...contrast({ names: ['tells', 'says nothing'], values }, drawn) }
}

describe('the contrast with what is drawn', () => {
  it('weighs a signal by what it tells, and finds the rows that came about by chance', () => {
    const { weights, fits, byChance } = mixture(0.3)
    expect(weights['tells']).toBeGreaterThan(0.8)
    expect(Math.abs(weights['says nothing'] as number)).toBeLessThan(0.1)
    // Two normals two deviations apart: 0.921 is all that can be had.
    const strange = fits.map((fit) => -fit)
    expect(auc(strange, byChance)).toBeGreaterThan(0.9)
  })

  it.each([0.1, 0.3, 0.5])('leaves room for about the share of chance that there is, %d', (share) => {
    const found = mixture(share)
    expect(Math.abs(found.share - share)).toBeLessThan(0.06)
    const mean = found.chances.reduce((sum, one) => sum + one, 0) / found.chances.length
    expect(Math.abs(mean - share)).toBeLessThan(0.08)
  })

  it('takes everything for chance where nothing tells rows from stand-ins', () => {
    expect(mixture(1).share).toBeGreaterThan(0.85)
    expect(mixture(1).told).toBeLessThan(0.55)
    expect(mixture(0.3).told).toBeGreaterThan(leastTold)
  })

  it('says nothing of no rows', () => {
    const none = new Float64Array(0)
    expect(contrast({ names: ['tells'], values: none }, none)).toMatchObject({ share: 0, chances: none })
  })

  it('takes the fits apart into what each signal adds', () => {
    const { fits, parts } = mixture(0.3, 200)
    const shift = (fits[0] as number) - (parts[0] as number) - (parts[1] as number)
    for (const [row, fit] of fits.entries())
      expect((parts[2 * row] as number) + (parts[2 * row + 1] as number) + shift).toBeCloseTo(fit, 9)
  })
})
