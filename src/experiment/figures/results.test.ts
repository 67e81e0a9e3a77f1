import { describe, expect, it } from 'vitest'
import type { Frame, StoredRanks, Tested, Trained } from '../terms.ts'
import type { VariantRuns } from './comparison-result.ts'
import { seedMeans } from './rank-results.ts'
import { resultsOf, rowsOf, validationOf } from './results.ts'
import { comparisonPage } from './tables.ts'

/** Three targets, the first of user 1, the others of user 2. */
const ranks = (full: number[]): StoredRanks => ({
  model: 'm',
  rows: [10, 20, 21],
  user: [1, 2, 2],
  earlier: [1, 1, 2],
  full,
})
const frame: Frame = { split: { protocol: 'given' }, candidates: 'all', negatives: null, targets: '3, hash a' }
const tested = (full: number[]): Tested => ({ key: 'k', frame, measure: null, test: ranks(full) })
const trained = (full: number[]): Trained => ({
  key: 'k',
  epochs: 2,
  bestEpoch: 1,
  seconds: 1,
  validation: ranks(full),
})
const runsOf = (variant: string, bySeed: number[][], against?: string): VariantRuns => ({
  variant,
  model: 'm',
  options: { config: { heads: 2 } },
  dataset: 'd',
  seeds: [1, 2],
  trained: bySeed.map(trained),
  tested: bySeed.map(tested),
  ...(against !== undefined && { against }),
})

// NDCG@10: rank 1 gives 1, rank 3 gives 1 / log2(4) = 0.5, rank 11 gives 0.
const good = [
  [1, 3, 11],
  [3, 3, 1],
]
const bad = [
  [3, 11, 11],
  [3, 3, 11],
]

describe('seed-averaged figures', () => {
  it('average each target over the seeds: (1 + 0.5) / 2, (0.5 + 0.5) / 2, (0 + 1) / 2', () => {
    expect([...seedMeans(good.map(ranks), 'ndcg@10', 'full')]).toEqual([0.75, 0.5, 0.5])
    expect([...seedMeans(good.map(ranks), 'hr@2', 'full')]).toEqual([0.5, 0, 0.5])
  })

  it('have the interval over users of those averages', () => {
    const [result] = resultsOf('T', ['ndcg@10'], [runsOf('good', good)])
    // The mean of 0.75, 0.5, 0.5. Of four resamples of two users one is user 1 twice (0.75) and one is user 2 twice
    // (0.5), each far
    // commoner than 2.5 %: these are the bounds.
    const { mean, low, high } = result?.figures.full?.['ndcg@10'] ?? { mean: Number.NaN }
    expect(mean).toBeCloseTo(1.75 / 3, 12)
    expect([low, high]).toEqual([0.5, 0.75])
    expect(result?.validation?.mean).toBeCloseTo(1.75 / 3, 12)
    expect(validationOf(good.map(trained))).toBeCloseTo(1.75 / 3, 12)
  })

  it('differ target by target: 0.75 - 0.5, 0.5 - 0.25, 0.5 - 0', () => {
    const [first, second] = resultsOf('T', ['ndcg@10'], [runsOf('good', good, 'bad'), runsOf('bad', bad)])
    expect(first?.difference?.against).toBe('bad')
    const { mean, low, high } = first?.difference?.figures['ndcg@10'] ?? { mean: Number.NaN }
    expect(mean).toBeCloseTo(1 / 3, 12)
    // User 1 twice 0.25, user 2 twice (0.25 + 0.5) / 2.
    expect([low, high]).toEqual([0.25, 0.375])
    expect(second?.difference).toBeUndefined()
  })

  it('say which trained variant is below one that only counts, where the whole interval is', () => {
    const counted = (variant: string, bySeed: number[][]): VariantRuns => {
      const runs = runsOf(variant, bySeed)
      return { ...runs, trained: runs.trained.map((one) => ({ ...one, epochs: 0 })) }
    }
    const below = (...runs: VariantRuns[]) =>
      resultsOf('T', ['ndcg@10'], runs).map((one) => one.below?.map(({ counted }) => counted))
    expect(below(runsOf('bad', bad), counted('good', good))).toEqual([['good'], undefined])
    expect(below(runsOf('good', good), counted('bad', bad))).toEqual([undefined, undefined])
    // What is level with a counted model is not below it, nor one trained or counted model below another of its kind.
    expect(below(runsOf('good', good), counted('same', good))).toEqual([undefined, undefined])
    expect(below(runsOf('bad', bad), runsOf('good', good))).toEqual([undefined, undefined])
    expect(below(counted('bad', bad), counted('good', good))).toEqual([undefined, undefined])
    // User 1 is worse off, 0.25 - 0.75, and user 2 better, 1 - 0.75: the interval holds 0.
    const mixed = [[7, 1, 1]]
    expect(below(runsOf('mixed', mixed), counted('good', [[1, 3, 1]]))).toEqual([undefined, undefined])
    const frameOf = { title: 'T', frame, targets: 3, users: 2, seeds: [1, 2], tried: [], absent: [] }
    const variants = resultsOf('T', ['ndcg@10'], [runsOf('bad', bad), counted('good', good)])
    const page = comparisonPage({ ...frameOf, metrics: ['ndcg@10'], variants })
    expect(page).toContain(
      '\n\nbad is below what only counts: NDCG@10 0.2500 against good (0.5833, difference -0.3333 [-0.3750, -0.2500]).\n\n',
    )
  })

  it('have what a model had to do without beside its name', () => {
    const whole = runsOf('good', good)
    const lacking = { ...runsOf('poor', bad), trained: bad.map((full) => ({ ...trained(full), lacks: ['times'] })) }
    const variants = resultsOf('T', ['ndcg@10'], [whole, lacking])
    const frameOf = { title: 'T', frame, targets: 3, users: 2, seeds: [1, 2], tried: [], absent: [] }
    const page = comparisonPage({ ...frameOf, metrics: ['ndcg@10'], variants })
    expect(page).toContain('\n| poor (no times) | ')
    expect(page).toContain('\n| good | ')
  })

  it('become rows, the validation figure beside the test figures', () => {
    const variants = resultsOf('T', ['ndcg@10'], [runsOf('good', good)])
    const rows = rowsOf({
      title: 'T',
      frame,
      targets: 3,
      users: 2,
      seeds: [1, 2],
      metrics: ['ndcg@10'],
      variants,
      tried: [],
      absent: [],
    })
    const shared = {
      model: 'm',
      options: { heads: 2 },
      dataset: 'd',
      split: 'given',
      protocol: 'full',
      mean: 0.583333,
      low: 0.5,
      high: 0.75,
      seeds: [1, 2],
    }
    expect(rows).toEqual([
      { ...shared, metric: 'validation ndcg@10' },
      { ...shared, metric: 'ndcg@10' },
    ])
  })
})
