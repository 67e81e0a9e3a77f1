import { describe, expect, it } from 'vitest'
import { compiled } from './fixtures/siftrec.ts'
import { fuzz } from './reliability/fuzz/pool.ts'

// The full form is `npm run fuzz`: 10,000 inputs.
const [, script] = compiled('test/reliability/fuzz/worker.js')

describe('reading', () => {
  it('gets 120 right, strange and damaged inputs right, or refuses them in one sentence', async () => {
    const { kinds, wrong } = await fuzz(120, 7, { script })
    expect(wrong).toEqual([])
    const all = Object.values(kinds)
    expect(all.reduce((sum, { cases }) => sum + cases, 0)).toBe(120)
    // A suite that refuses everything, or judges nothing, would find nothing.
    expect(all.reduce((sum, { right }) => sum + right, 0)).toBeGreaterThan(32)
    expect(all.reduce((sum, { unjudged }) => sum + unjudged, 0)).toBeLessThan(24)
  })
})
