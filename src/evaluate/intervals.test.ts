import { describe, expect, it } from 'vitest'
import { randomStream } from '../random/stream.ts'
import { bootstrapMeans, type Interval, pairedDifference } from './intervals.ts'

const alone = (targets: number): Int32Array => Int32Array.from({ length: targets }, (_, at) => at + 1)

/** How often the interval of a sample holds the true mean, 0. */
function coverage(sample: (seed: number) => { values: Float64Array; users: Int32Array }, rounds = 300): number {
  let held = 0
  for (let seed = 1; seed <= rounds; seed++) {
    const { values, users } = sample(seed)
    const [{ low = Number.NaN, high = Number.NaN }] = bootstrapMeans([values], users, { seed, resamples: 200 }) as [
      Interval,
    ]
    if (low <= 0 && high >= 0) held++
  }
  return held / rounds
}

describe('bootstrapMeans', () => {
  it('gives the mean of the targets inside its interval, and the same bytes for the same seed', () => {
    const columns = [
      [0, 0, 1, 1, 0, 1, 0, 0],
      [0, 0, 0.5, 0.3, 0, 0.2, 0, 0],
    ]
    const first = bootstrapMeans(columns, alone(8), { seed: 7 })
    expect(first.map(({ mean }) => mean)).toEqual([3 / 8, 1 / 8])
    for (const { mean, low = 1, high = 0 } of first) {
      expect(low).toBeLessThan(mean)
      expect(high).toBeGreaterThan(mean)
    }
    expect(bootstrapMeans(columns, alone(8), { seed: 7 })).toEqual(first)
    const spread = [Float64Array.from({ length: 40 }, (_, at) => Math.sqrt(at))]
    expect(bootstrapMeans(spread, alone(40), { seed: 8 })).not.toEqual(bootstrapMeans(spread, alone(40), { seed: 7 }))
  })

  it('is as wide as the normal interval on many independent targets', () => {
    const stream = randomStream(1, 'normal')
    const values = Float64Array.from({ length: 2000 }, () => stream.normal())
    const [{ low = 0, high = 0 }] = bootstrapMeans([values], alone(2000), { seed: 1 }) as [Interval]
    expect(high - low).toBeGreaterThan(0.85 * ((2 * 1.96) / Math.sqrt(2000)))
    expect(high - low).toBeLessThan(1.15 * ((2 * 1.96) / Math.sqrt(2000)))
  })

  it('holds the true mean about 95 times in 100', () => {
    const held = coverage((seed) => {
      const stream = randomStream(seed, 'independent')
      return { values: Float64Array.from({ length: 60 }, () => stream.normal()), users: alone(60) }
    })
    expect(held).toBeGreaterThan(0.9)
    expect(held).toBeLessThan(0.99)
  })

  it('does so when a user has ten targets alike, which resampling targets would not', () => {
    const sample = (seed: number, users: Int32Array) => {
      const stream = randomStream(seed, 'clusters')
      const taste = Array.from({ length: 50 }, () => stream.normal())
      return {
        values: Float64Array.from(
          { length: 500 },
          (_, at) => (taste[Math.floor(at / 10)] ?? 0) + 0.1 * stream.normal(),
        ),
        users,
      }
    }
    const owners = Int32Array.from({ length: 500 }, (_, at) => Math.floor(at / 10) + 1)
    expect(coverage((seed) => sample(seed, owners))).toBeGreaterThan(0.9)
    expect(coverage((seed) => sample(seed, alone(500)))).toBeLessThan(0.6)
  })

  it('has no bounds without resamples, and no mean without targets', () => {
    expect(bootstrapMeans([[1, 2]], alone(2), { seed: 1, resamples: 0 })).toEqual([{ mean: 1.5 }])
    expect(bootstrapMeans([[]], [], { seed: 1 })).toEqual([{ mean: Number.NaN }])
  })

  it('takes six metrics of 5,000 users in about a quarter of a second', () => {
    const columns = Array.from({ length: 6 }, () => new Float64Array(5000).fill(0.5))
    const began = process.cpuUsage()
    bootstrapMeans(columns, alone(5000), { seed: 1 })
    // Measured at 0.26 s; the margin is for another processor.
    expect(process.cpuUsage(began).user / 1e3).toBeLessThan(3000)
  })
})

describe('pairedDifference', () => {
  it('sees a small steady gain that two separate intervals would hide', () => {
    const stream = randomStream(2, 'paired')
    const base = Float64Array.from({ length: 400 }, () => stream.uniform())
    const better = base.map((value) => value + 0.02 + 0.01 * stream.normal())
    const { mean, low = 0, high = 0 } = pairedDifference(better, base, alone(400), { seed: 1 })
    expect(mean).toBeCloseTo(0.02, 2)
    expect(low).toBeGreaterThan(0.015)
    expect(high).toBeLessThan(0.025)
    const [one, other] = bootstrapMeans([better, base], alone(400), { seed: 1 }) as [Interval, Interval]
    expect(one.low).toBeLessThan(other.high ?? 0)
  })
})
