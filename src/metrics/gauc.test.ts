import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { auc } from './auc.ts'
import { gauc, userAucs } from './gauc.ts'

const impression = fc.record({
  user: fc.integer({ min: 1, max: 5 }),
  score: fc.integer({ min: -3, max: 3 }),
  label: fc.integer({ min: 0, max: 1 }),
})
const impressions = fc.array(impression, { maxLength: 40 })
type Impression = { user: number; score: number; label: number }

const ofAll = (rows: readonly Impression[]) =>
  gauc(
    rows.map(({ score }) => score),
    rows.map(({ label }) => label),
    rows.map(({ user }) => user),
  )

/** The definition, user by user. */
function byUser(rows: readonly Impression[]): { mean: number; users: number } {
  let [sum, weight, users] = [0, 0, 0]
  for (const user of new Set(rows.map(({ user }) => user))) {
    const own = rows.filter((row) => row.user === user)
    const value = auc(
      own.map(({ score }) => score),
      own.map(({ label }) => label),
    )
    if (Number.isNaN(value)) continue
    sum += own.length * value
    weight += own.length
    users++
  }
  return { mean: sum / weight, users }
}

describe('gauc', () => {
  // The users of its docstring, their impressions mixed.
  const users = [4, 1, 2, 3, 2, 5, 1, 3, 2, 4]
  const scores = [0.7, 0.9, 0.6, 0.5, 0.2, 0.4, 0.3, 0.5, 0.1, 0.8]
  const labels = [1, 1, 0, 1, 1, 0, 0, 0, 0, 1]

  it('is what the five users of its docstring have', () => {
    const { mean, users: counted } = gauc(scores, labels, users)
    expect(mean).toBeCloseTo((2 * 1 + 3 * 0.5 + 2 * 0.5) / (2 + 3 + 2), 12)
    expect(mean).toBeCloseTo(0.6429, 4)
    expect(counted).toBe(3)
    expect(userAucs(scores, labels, users)).toEqual([
      { user: 1, auc: 1, impressions: 2 },
      { user: 2, auc: 0.5, impressions: 3 },
      { user: 3, auc: 0.5, impressions: 2 },
    ])
  })

  it('is NaN when no user has both classes, when a score that counts is NaN, and with nothing', () => {
    expect(gauc([1, 2, 3], [1, 1, 0], [1, 1, 2])).toEqual({ mean: Number.NaN, users: 0 })
    expect(gauc([1, Number.NaN, 3, 4, 5], [1, 0, 1, 0, 1], [1, 2, 2, 1, 2]).mean).toBeNaN()
    expect(gauc([], [], [])).toEqual({ mean: Number.NaN, users: 0 })
  })

  it('is the mean of the users weighted by impressions, and the AUC when there is one user', () => {
    fc.assert(
      fc.property(impressions, (rows) => {
        const [found, expected] = [ofAll(rows), byUser(rows)]
        expect(found.users).toBe(expected.users)
        fc.pre(expected.users > 0)
        expect(found.mean).toBeCloseTo(expected.mean, 12)
      }),
    )
  })

  it('does not see what is added to all scores of one user', () => {
    fc.assert(
      fc.property(impressions, (rows) => {
        expect(ofAll(rows.map((row) => ({ ...row, score: row.score + 100 * row.user })))).toEqual(ofAll(rows))
      }),
    )
  })

  it('takes 200,000 impressions of one user, where pairs would be ten billion', () => {
    const scores = Float64Array.from({ length: 200_000 }, (_, at) => (at * 7919) % 200_000)
    const labels = scores.map((_, at) => at % 2)
    const began = process.cpuUsage()
    expect(gauc(scores, labels, new Int32Array(200_000)).users).toBe(1)
    // Measured at 0.25 s; the margin is for another processor.
    expect(process.cpuUsage(began).user / 1e3).toBeLessThan(3000)
  })
})
