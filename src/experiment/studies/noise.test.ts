import { describe, expect, it } from 'vitest'
import type { ComparisonResult, VariantResult } from '../figures/comparison-result.ts'
import type { Plot } from '../figures/plot.ts'
import { noise } from './noise.ts'

const wanted = { dataRoot: 'data', models: ['sasrec', 'item-knn'] }

const figuresOf = (mean: number) => ({
  'ndcg@10': { mean, low: mean - 0.01, high: mean + 0.01 },
  'hr@10': { mean: 2 * mean },
})
const variant = (name: string, mean: number, less?: number): VariantResult => ({
  variant: name,
  model: 'sasrec',
  options: {},
  dataset: 'd',
  validation: null,
  figures: { full: figuresOf(mean), sampled99: {} },
  bestEpochs: [],
  measures: [],
  seconds: 0,
  ...(less !== undefined && {
    difference: {
      against: 'SASRec 0 %',
      figures: {
        'ndcg@10': { mean: less, low: less - 0.002, high: less + 0.002 },
        'hr@10': { mean: less, low: less, high: less },
      },
    },
  }),
})
const result: ComparisonResult = {
  title: 'T',
  frame: { split: { protocol: 'given' }, candidates: 'all', negatives: null, targets: '1, hash a' },
  targets: 1,
  users: 1,
  seeds: [1, 2, 3, 4, 5],
  metrics: ['ndcg@10', 'hr@10'],
  variants: [variant('SASRec 0 %', 0.08), variant('SASRec 50 %', 0.076, -0.004)],
  tried: [],
  absent: [],
}

describe('the noise test', () => {
  it('has each model by six shares, each share against none, the clean options for all', () => {
    const [comparison] = noise.comparisons(wanted)
    expect(comparison?.variants.map(({ name }) => name)).toEqual(
      ['SASRec', 'item-kNN'].flatMap((model) => [0, 10, 20, 30, 40, 50].map((percent) => `${model} ${percent} %`)),
    )
    expect(comparison?.variants[3]).toMatchObject({ like: 'SASRec 0 %', against: 'SASRec 0 %' })
    const labels = comparison?.variants.slice(4, 7).map(({ dataset }) => dataset?.label)
    expect(labels).toEqual(['amazon-scientific, 40 % wrong images', 'amazon-scientific, 50 % wrong images', undefined])
  })

  it('has another group of items for each seed, and no group where nothing is wrong', () => {
    const [comparison] = noise.comparisons(wanted)
    const names = (at: number) =>
      [1, 2].map((seed) => (comparison?.variants[at]?.dataset ?? comparison?.dataset)?.recipe(seed).name)
    expect([names(0), names(2)]).toEqual([
      ['amazon-scientific', 'amazon-scientific'],
      ['amazon-scientific-noise20-1', 'amazon-scientific-noise20-2'],
    ])
  })

  it('tells the share that is lost: 0.004 of 0.08 is 5 %, 0.004 of 0.16 is 2.5 %', () => {
    expect(noise.notes?.([result])).toContain('| SASRec | 50 % | 5.0 % [2.5, 7.5] | 2.5 % [2.5, 2.5] |')
  })

  it('is drawn by share, NDCG@10 beside R@10', () => {
    const drawn = noise.plot?.([result]) as Plot
    const panels = drawn.panels.map(({ title, series }) => [
      title,
      series.map(({ name, points }) => [name, points.map(({ x, mean }) => [x, mean])]),
    ])
    expect(panels).toEqual([
      [
        'NDCG@10',
        [
          [
            'SASRec',
            [
              [0, 0.08],
              [50, 0.076],
            ],
          ],
        ],
      ],
      [
        'R@10',
        [
          [
            'SASRec',
            [
              [0, 0.16],
              [50, 0.152],
            ],
          ],
        ],
      ],
    ])
  })
})
