import { describe, expect, it } from 'vitest'
import {
  betterOf,
  clickMetrics,
  isBetter,
  listMetrics,
  metrics,
  printedFigure,
  rankFormula,
  rankMetrics,
  validationMetric,
} from './table.ts'

describe('the table of metrics', () => {
  it('has each metric once, by a key that no other has', () => {
    const keys = Object.values(metrics).map(({ key }) => key)
    expect(keys).toEqual([
      'hr',
      'ndcg',
      'mrr',
      'coverage',
      'novelty',
      'diversity',
      'auc',
      'gauc',
      'log loss',
      'calibration',
      'calibration error',
    ])
    expect(rankMetrics.map(({ printed }) => printed)).toEqual(['HR', 'NDCG', 'MRR'])
    expect(clickMetrics.map(([name]) => name)).toEqual(['auc', 'gauc', 'logLoss', 'calibration', 'calibrationError'])
  })

  it('works out a rank of 3 by key and list length', () => {
    // NDCG@10 = 1 / log2(1 + 3); beyond a list of 2 all are 0.
    expect(rankFormula('ndcg@10')(3)).toBe(0.5)
    expect(rankFormula('mrr@10')(3)).toBe(1 / 3)
    expect(rankFormula('hr@10')(3)).toBe(1)
    expect((['ndcg@2', 'mrr@2', 'hr@2'] as const).map((figure) => rankFormula(figure)(3))).toEqual([0, 0, 0])
  })

  it('works out two lists of two', () => {
    // Of 4 items 3 are in a list; the two lists share one of two places.
    const lists = {
      lists: [
        [1, 2],
        [1, 3],
      ],
      k: 2,
      counts: [0, 1, 1, 1, 1],
    }
    expect(listMetrics.map(({ key, formula }) => [key, formula(lists)])).toEqual([
      ['coverage', 0.75],
      ['novelty', 2],
      ['diversity', 0.5],
    ])
  })

  it('prints figures as papers do', () => {
    expect((['hr@10', 'ndcg@50', 'auc', 'log loss', 'calibration'] as const).map(printedFigure)).toEqual([
      'HR@10',
      'NDCG@50',
      'AUC',
      'log loss',
      'calibration',
    ])
  })

  it('has terms whose mean is the metric, where users are resampled', () => {
    const outcome = { probability: [0.9, 0.2, 0.5, 0.4, 0.1], label: [1, 0, 0, 1, 1], user: [1, 1, 2, 2, 3] }
    for (const [, { interval, formula, terms }] of clickMetrics) {
      expect(terms !== undefined).toBe(interval === 'users' || interval === 'impressions')
      const values = Array.from(terms?.(outcome).values ?? [formula(outcome)])
      expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(formula(outcome), 12)
      // Runs are averaged impression by impression where each has a term.
      expect(values.length === 5 || interval !== 'impressions').toBe(true)
    }
  })

  it('chooses rankings by the higher NDCG, and probabilities by the lower log loss', () => {
    expect(Object.values(validationMetric).map((figure) => [figure, betterOf(figure)])).toEqual([
      ['ndcg@10', 'higher'],
      ['log loss', 'lower'],
    ])
  })

  it('says which of two values is better; of equal ones neither', () => {
    expect(isBetter('higher', 0.6, 0.5)).toBe(true)
    expect(isBetter('lower', 0.6, 0.5)).toBe(false)
    expect(isBetter('lower', 0.5, 0.6)).toBe(true)
    expect((['higher', 'lower', 'nearer to 1'] as const).map((better) => isBetter(better, 0.5, 0.5))).toEqual([
      false,
      false,
      false,
    ])
    // Half of the clicks are foreseen, or three times as many.
    expect(isBetter('nearer to 1', 0.5, 3)).toBe(true)
    expect(isBetter('nearer to 1', 3, 0.5)).toBe(false)
  })
})
