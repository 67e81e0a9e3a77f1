import { describe, expect, it } from 'vitest'
import type { Frame, StoredPredictions } from '../terms.ts'
import { clickResultsOf, constantOf } from './click-results.ts'
import type { ComparisonResult, VariantRuns } from './comparison-result.ts'
import { rowsOf } from './results.ts'
import { comparisonPage } from './tables.ts'

const frame: Frame = { split: { protocol: 'time' }, candidates: 'as shown', negatives: null, targets: '4, hash a' }
const said = (probability: number[]): StoredPredictions => ({
  model: 'din',
  user: [1, 1, 2, 2],
  label: [1, 0, 0, 1],
  probability,
})
/** One seed of a model that says the same of what validates and of what tests; half of what trained was clicked. */
const runsOf = (variant: string, probability: number[]): VariantRuns => ({
  variant,
  model: 'din',
  options: {},
  dataset: 'd',
  seeds: [1],
  trained: [{ key: 'k', epochs: 2, bestEpoch: 1, seconds: 1, validation: said(probability) }],
  tested: [{ key: 'k', frame, measure: null, test: said(probability), clickShare: 0.5 }],
})
const runs = [runsOf('careful', [0.6, 0.4, 0.4, 0.6]), runsOf('sure', [0.999, 0.001, 0.999, 0.999])]
const constant = constantOf(runs)

const result = (metrics: ComparisonResult['metrics']): ComparisonResult => ({
  title: 'T',
  frame,
  targets: 4,
  users: 2,
  seeds: [1],
  metrics,
  variants: clickResultsOf(runs),
  ...(constant && { constant }),
  tried: [],
  absent: [],
})
/** AUC of 1, 0.75 and 0.75 by these probabilities. */
const improved = [
  { ...runsOf('ours', [0.9, 0.1, 0.2, 0.8]), improvedOver: 'base' },
  { ...runsOf('other', [0.9, 0.1, 0.5, 0.3]), against: 'ours', improvedOver: 'base' },
  { ...runsOf('base', [0.9, 0.1, 0.5, 0.3]), against: 'ours', improvedOver: 'base' },
]

/** The first cells of the first table. */
const names = (page: string): string[] =>
  [...(page.split('What was trained')[0] ?? '').matchAll(/^\| ([^|]+?) \|/gm)]
    .map(([, name]) => name as string)
    .slice(2)

describe('a table of clicks', () => {
  it('improves on a base that is not the variant it compares with', () => {
    const variants = clickResultsOf(improved)
    const [ours, other, base] = variants
    expect(ours?.improvement).toEqual({ relaImpr: 0.5 / 0.25 - 1, aucRatio: 1 / 0.75 - 1 })
    expect([ours?.difference, base?.improvement]).toEqual([undefined, undefined])
    expect(other?.difference).toMatchObject({ against: 'ours', figures: { auc: { mean: -0.25 } } })
    expect(other?.improvement).toEqual({ relaImpr: 0, aucRatio: 0 })
    const page = comparisonPage({ ...result(['auc']), variants, improvedOver: 'base' })
    expect(page).toContain('| AUC minus ours | RelaImpr over base (Yan et al.) | AUC ratio over base |')
  })

  it('has a row of the base rate, which loses ln 2 where half was clicked', () => {
    expect(constant?.figures.impressions?.['log loss']?.mean).toBeCloseTo(Math.log(2), 12)
    expect(constant?.validation?.mean).toBeCloseTo(Math.log(2), 12)
    expect(rowsOf(result(['log loss'])).filter(({ model }) => model === 'base rate')).toHaveLength(2)
  })

  it('marks a model that is worse than the base rate, though its order is as good or its loss is not shown', () => {
    const page = comparisonPage(result(['auc']))
    expect(names(page)).toEqual(['careful', 'sure †', 'base rate'])
    expect(page).toContain("† Worse probabilities than a constant: the log loss is above the base rate's.")
  })

  it('has no mark where all are better', () => {
    expect(comparisonPage({ ...result(['auc']), variants: clickResultsOf(runs.slice(0, 1)) })).not.toContain('†')
  })
})
