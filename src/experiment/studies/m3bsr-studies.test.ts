import { describe, expect, it } from 'vitest'
import { modelSlugs } from '../../models/registry.ts'
import type { Comparison, Experiment } from '../experiment.ts'
import type { ComparisonResult } from '../figures/comparison-result.ts'
import type { Heatmaps } from '../figures/heatmap.ts'
import { checkComparison } from '../harness/check-comparison.ts'
import type { PreparedDataset } from '../harness/dataset-recipe.ts'
import { cellOf } from '../harness/grid-cell.ts'
import { m3bsrAblation } from './m3bsr-ablation.ts'
import { m3bsrColdStart } from './m3bsr-cold-start.ts'
import { m3bsrHeatmaps } from './m3bsr-heatmaps.ts'
import { m3bsrPaper, m3bsrReadings } from './m3bsr-readings.ts'
import { m3bsrTable2 } from './m3bsr-table2.ts'

const wanted = { dataRoot: 'data' }
const of = (study: Experiment): readonly Comparison[] => study.comparisons(wanted)
const namesOf = (comparison: Comparison | undefined): string[] => comparison?.variants.map(({ name }) => name) ?? []

const manifest = { candidates: 'unseen', target: 'favorite', behaviors: ['click', 'favorite'], time: 'ms' }
/** The cells of a study's variants with one seed, those that tuning would choose left out. */
const keysOf = (study: Experiment): string[] =>
  of(study).flatMap(({ variants, dataset, split = {}, sampled = true, measure }) =>
    variants
      .filter(({ tune }) => !tune)
      .map(({ model, like, config, training }) => {
        const whole = variants.find(({ name }) => name === like)
        const prepared = { folder: '', hash: dataset.recipe(1).name, manifest } as unknown as PreparedDataset
        return cellOf('cells', {
          model,
          seed: 1,
          dataset: prepared,
          split,
          sampled,
          ...(measure !== undefined && { measure }),
          config: { ...whole?.config, ...config },
          training: { ...whole?.training, ...training },
        }).key
      }),
  )

describe('the studies of M³BSR', () => {
  it.each([m3bsrTable2, m3bsrAblation, m3bsrHeatmaps, m3bsrColdStart, m3bsrReadings, m3bsrPaper])(
    '$name can be run, and says how long it takes',
    (study) => {
      for (const comparison of of(study)) checkComparison(comparison)
      expect(study.guess?.hours).toBeGreaterThan(0)
    },
  )
})

describe('Table 2', () => {
  it('has the paper’s order, what is not here left out, then what is counted, by both protocols', () => {
    const [first, ...others] = of(m3bsrTable2)
    const order = ['gru4rec', 'sasrec', 'bert4rec', 'stosa', 'missrec', 'mmmlp', 'm3bsr', 'sasrec-bf']
    const models = first?.variants.map(({ model }) => model) ?? []
    expect(models.filter((model) => order.includes(model))).toEqual(order)
    expect(models.slice(-2)).toEqual(['popularity', 'item-knn'])
    expect(models.filter((model) => !modelSlugs.includes(model))).toEqual([])
    for (const other of others) expect(namesOf(other)).toEqual(namesOf(first))
    expect([first, ...others].map((one) => one?.title)).toEqual([
      'Shop by leave-one-out',
      'Shop by time',
      'Films by leave-one-out',
      'Films by time',
      'kuairand-pure by time',
    ])
  })

  it('tries two option sets of every model but those whose options are known', () => {
    for (const { variants } of of(m3bsrTable2)) {
      const tuned = variants.filter(({ tune }) => tune).map(({ model, tune }) => [model, tune?.length])
      expect(tuned).toEqual(
        variants
          .filter(({ model }) => !['sasrec', 'sasrec-bf', 'm3bsr', 'popularity', 'item-knn'].includes(model))
          .map(({ model }) => [model, 2]),
      )
    }
    // A row a target: fewer epochs, each of many times as many rows.
    const [shop, , films] = of(m3bsrTable2).map(({ variants }) => variants.find(({ model }) => model === 'missrec'))
    expect([shop?.training?.['epochs'], films?.training?.['epochs']]).toEqual([15, 8])
    // Those that fill in masks have many.
    const epochs = ['bert4rec', 'mb-str'].map((model) =>
      of(m3bsrTable2).map(({ variants }) => variants.find((one) => one.model === model)?.training?.['epochs']),
    )
    expect(epochs).toEqual([
      [300, 300, 100, 100, 40],
      [300, 300, 100, 100, 40],
    ])
  })
})

describe('cold starts', () => {
  it('are a slice of the cells of Table 2', () => {
    const [cold, all] = of(m3bsrColdStart)
    expect([cold?.slice, all?.slice]).toEqual(['coldStart', undefined])
    expect(cold?.variants.map(({ model }) => model)).toEqual(
      ['stosa', 'mmmlp', 'ebm', 'm3bsr'].filter((model) => modelSlugs.includes(model)),
    )
    const inTable = of(m3bsrTable2).at(-1)
    expect(inTable?.variants).toEqual(expect.arrayContaining([...(cold?.variants ?? [])]))
    expect([cold?.split, cold?.metrics, cold?.measure]).toEqual([inTable?.split, inTable?.metrics, inTable?.measure])
  })
})

describe('the heatmaps', () => {
  it('have each pair once, ours among them, with three seeds at the extremes', () => {
    const maps = of(m3bsrHeatmaps)
    expect(maps.map(({ variants }) => variants.length)).toEqual([30, 30, 30])
    expect(maps.map(({ extremes }) => extremes)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ])
    // One cell is in all three maps: that of our own steps and weights.
    const keys = keysOf(m3bsrHeatmaps)
    expect(new Set(keys).size).toBe(88)
    const ours = keys.filter((key) => keys.filter((other) => other === key).length === 3)
    expect(new Set(ours).size).toBe(1)
  })

  it('are drawn by row and column', () => {
    const variants = [{ variant: 'T_b 10, λ_b 0.02', figures: { full: { 'hr@10': { mean: 0.25 } } } }]
    const result = { title: 'Behavior denoising', variants } as unknown as ComparisonResult
    const drawn = m3bsrHeatmaps.plot?.([result]) as Heatmaps
    const [map] = drawn.heatmaps
    expect([map?.x, map?.y, map?.cells[1]?.[1], map?.cells[0]?.[0]]).toEqual(['λ_b', 'T_b', 0.25, undefined])
  })
})

describe('the paper’s settings', () => {
  it('are those of 5.1.3 and 5.4, and are told where they are not', () => {
    const [, settings, printed] = of(m3bsrPaper)[0]?.variants ?? []
    expect(settings?.config).toMatchObject({
      modalitySteps: 15,
      behaviorSteps: 15,
      samples: 'targets',
      reading: 'paper',
    })
    expect(settings?.config).toMatchObject({ embeddingSize: 16, lambdaContrast: 0.05, lambdaBehavior: 0.02 })
    expect(settings?.training).toMatchObject({ batchSize: 1024, patience: 10 })
    expect(printed?.config).toMatchObject({ stateTerm: false, reconstruction: 'literal', disentanglement: 'literal' })
    expect(m3bsrPaper.notes?.([])).toContain('What cannot be')
  })
})
