import { describe, expect, it } from 'vitest'
import { modelSlugs } from '../../models/registry.ts'
import type { Comparison, Experiment, Variant } from '../experiment.ts'
import type { ComparisonResult } from '../figures/comparison-result.ts'
import type { Heatmaps } from '../figures/heatmap.ts'
import type { Plot, Stack } from '../figures/plot.ts'
import { checkComparison, mergedOptions } from '../harness/check-comparison.ts'
import type { PreparedDataset } from '../harness/dataset-recipe.ts'
import { cellOf } from '../harness/grid-cell.ts'
import { ctr, ctrBackbones, diffMsinAblation, diffMsinSweep } from './click-prediction.ts'
import { diffMsinCase } from './diff-msin-case.ts'
import { diffMsinEfficiency } from './diff-msin-efficiency.ts'
import { diffMsinExperts, diffMsinModalities, diffMsinTable4 } from './diff-msin-parts.ts'
import { diffMsinReadings } from './diff-msin-readings.ts'
import { diffMsinSources } from './diff-msin-sources.ts'
import { diffMsinSteps } from './diff-msin-steps.ts'
import { diffMsinTable2, diffMsinTable3 } from './diff-msin-tables.ts'
import { diffMsinWeights } from './diff-msin-weights.ts'
import { experiments } from './experiments.ts'

const wanted = { dataRoot: 'data' }
const of = (study: Experiment): readonly Comparison[] => study.comparisons(wanted)
const modelsOf = (comparison: Comparison | undefined): string[] => comparison?.variants.map(({ model }) => model) ?? []
const namesOf = (comparison: Comparison | undefined): string[] => comparison?.variants.map(({ name }) => name) ?? []

const grids = [
  diffMsinTable2,
  diffMsinTable3,
  diffMsinTable4,
  diffMsinModalities,
  diffMsinExperts,
  diffMsinSteps,
  diffMsinWeights,
  diffMsinSources,
  diffMsinCase,
  diffMsinReadings,
]

const manifest = { target: 'favorite', behaviors: ['click', 'favorite'], time: 'milliseconds' }
/** The cells of a study with one seed, for each choice that tuning may make. */
function keysOf(study: Experiment): string[] {
  const keyOf = ({ dataset, split = {}, sampled = true }: Comparison, { model, ...own }: Variant, set: object) => {
    const hash = (own.dataset ?? dataset).recipe(1).name
    const prepared = { folder: '', hash, manifest } as unknown as PreparedDataset
    const options = { ...mergedOptions(own, set), split, sampled }
    return cellOf('cells', { model, seed: 1, dataset: prepared, ...options }).key
  }
  return of(study).flatMap((comparison) =>
    comparison.variants.flatMap((variant) => {
      const like = comparison.variants.find(({ name }) => name === variant.like)
      return ((like ?? variant).tune ?? [{}]).map((set) =>
        keyOf(comparison, like ? { ...variant, ...mergedOptions(like, set, variant) } : variant, like ? {} : set),
      )
    }),
  )
}
const keysOfAll = (studies: readonly Experiment[]): Set<string> => new Set(studies.flatMap(keysOf))

describe('the studies of Diff-MSIN', () => {
  it.each(grids)('$name can be run, and says how long it takes', (study) => {
    for (const comparison of of(study)) checkComparison(comparison)
    expect(study.guess?.hours).toBeGreaterThan(0)
    expect(experiments).toContain(study)
  })

  it('have the cells of those that they replace, but for weights outside the paper’s range', () => {
    const now = keysOfAll(grids)
    expect([...keysOfAll([ctr, ctrBackbones, diffMsinAblation])].filter((key) => !now.has(key))).toEqual([])
    const [sweep] = of(diffMsinSweep)
    const others = sweep?.variants.filter(({ name }) => !name.startsWith('w1 ')) ?? []
    const narrower = { ...diffMsinSweep, comparisons: () => [{ ...(sweep as Comparison), variants: others }] }
    expect(keysOf(narrower)).toHaveLength(2 * 7)
    expect(keysOf(narrower).filter((key) => !now.has(key))).toEqual([])
  })

  it('share the cell of Diff-MSIN on DIN on amazon-scientific', () => {
    const shared = [diffMsinTable2, diffMsinTable3, diffMsinTable4, diffMsinSteps, diffMsinWeights, diffMsinSources]
    const [first, ...others] = shared.map((study) => keysOfAll([study]))
    const ours = [...(first ?? [])].filter((key) => others.every((keys) => keys.has(key)))
    expect(ours).toHaveLength(2)
  })
})

describe('Table 2', () => {
  it('has the paper’s order, what is not here left out, on three sets', () => {
    const order = 'lr fm deepfm youtube-net din lmf mtfn naml marn gmmf qarm simcen em3 make diff-msin'.split(' ')
    const built = order.filter((model) => modelSlugs.includes(model))
    expect(of(diffMsinTable2).map(modelsOf)).toEqual([built, [...built, 'diff-msin'], [...built, 'diff-msin']])
    expect(of(diffMsinTable2).map(({ title }) => title)).toEqual([
      'kuairand-pure',
      'ml-latest-small',
      'amazon-scientific',
    ])
    expect(built.length).toBeGreaterThan(10)
  })

  it('tries two learning rates of every model, compares with Diff-MSIN, and improves on LR', () => {
    for (const { variants, reference, improvedOver, metrics } of of(diffMsinTable2)) {
      expect([reference, improvedOver]).toEqual(['Diff-MSIN + DIN', 'LR'])
      expect(metrics).toEqual(['auc', 'gauc', 'log loss', 'calibration'])
      const rates = [0.001, 0.0003].map((learningRate) => ({ training: { learningRate } }))
      for (const { tune } of variants) expect(tune).toEqual(rates)
      const training = variants.map(({ training }) => training)
      expect(new Set(training.map((one) => JSON.stringify(one))).size).toBe(1)
    }
  })
})

describe('Table 3', () => {
  it('has each behavior model beside Diff-MSIN on it', () => {
    for (const { variants } of of(diffMsinTable3)) {
      expect(variants.map(({ name, against }) => [name, against])).toEqual(
        ['DIN', 'DPN', 'ETA', 'TWIN'].flatMap((name) => [
          [name, undefined],
          [`Diff-MSIN + ${name}`, name],
        ]),
      )
    }
  })
})

describe('what is left out', () => {
  it('is modules, modalities and experts, with the whole model’s options, where there are pictures', () => {
    const counts = [diffMsinTable4, diffMsinModalities, diffMsinExperts].map((study) =>
      of(study).map(({ variants }) => variants.length),
    )
    expect(counts).toEqual([
      [6, 6],
      [3, 3],
      [5, 5],
    ])
    for (const study of [diffMsinTable4, diffMsinModalities, diffMsinExperts])
      for (const { variants, reference } of of(study))
        for (const { like } of variants.slice(1)) expect(like).toBe(reference)
  })
})

describe('sweeps', () => {
  it('have T from 1 to 50 as a curve', () => {
    const [comparison] = of(diffMsinSteps)
    const steps = [1, 2, 5, 8, 10, 12, 15, 20, 30, 50]
    expect(namesOf(comparison)).toEqual(steps.map((count) => `T = ${count}`))
    const variants = [2, 30].map((count) => ({
      variant: `T = ${count}`,
      validation: { mean: 0.5 },
      figures: { impressions: { auc: { mean: count / 100 } } },
    }))
    const drawn = diffMsinSteps.plot?.([{ variants } as unknown as ComparisonResult]) as Plot
    expect(drawn.panels.map(({ y, series }) => [y, series[0]?.points])).toEqual([
      [
        'log loss',
        [
          { x: 2, mean: 0.5 },
          { x: 30, mean: 0.5 },
        ],
      ],
      [
        'AUC',
        [
          { x: 2, mean: 0.02 },
          { x: 30, mean: 0.3 },
        ],
      ],
    ])
  })

  it('have w1 and w2 from 0.0001 to 0.05, as curves with three seeds and as a heatmap', () => {
    const [curves, map] = of(diffMsinWeights)
    expect([curves, map].map((one) => [one?.variants.length, one?.seeds, one?.extremes])).toEqual([
      [11, undefined, undefined],
      [36, [1], [1, 2, 3]],
    ])
    expect(namesOf(map)).toEqual(expect.arrayContaining(namesOf(curves)))
    const result = (title: string, variant: string, mean: number) =>
      ({ title, variants: [{ variant, figures: { impressions: { auc: { mean } } } }] }) as unknown as ComparisonResult
    const results = [
      result('Each weight alone', 'w1 0.01, w2 0.05', 0.7),
      result('Both weights', 'w1 0.05, w2 0.0001', 0.6),
    ]
    const drawn = diffMsinWeights.plot?.(results) as Stack
    const [lines, maps] = drawn.stack as [Plot, Heatmaps]
    expect(lines.panels.map(({ x, series }) => [x, series[0]?.points])).toEqual([
      ['w1', []],
      ['w2', [{ x: 0.05, mean: 0.7 }]],
    ])
    expect(maps.heatmaps[0]?.cells.at(-1)?.[0]).toBe(0.6)
  })

  it('have vectors by CLIP, the sentence and the local encoder and chance', () => {
    const [comparison] = of(diffMsinSources)
    expect(comparison?.variants.map(({ name, dataset }) => [name, dataset?.label])).toEqual([
      ['CLIP', undefined],
      ['texts by the sentence encoder', 'amazon-scientific, texts by the sentence encoder'],
      ['texts by the local encoder', 'amazon-scientific, texts by the local encoder'],
      ['random vectors', 'amazon-scientific, random vectors'],
    ])
  })

  it('have the other readings of states, fusion and the synergy loss', () => {
    expect(
      of(diffMsinReadings)[0]
        ?.variants.slice(1)
        .map(({ config }) => config),
    ).toEqual([{ fusion: 'printed' }, { printedSynergyLoss: true }, { states: 'sequence' }])
  })
})

describe('times and the case', () => {
  it('are of Table 6’s models, in batches of 1024', () => {
    const { batchSize, candidates, variants, dataset } = diffMsinEfficiency.timed(wanted)
    expect([batchSize, candidates, dataset.label]).toEqual([1024, 1000, 'ml-latest-small'])
    const order = ['simcen', 'em3', 'make', 'diff-msin']
    expect(variants.map(({ model }) => model)).toEqual(order.filter((model) => modelSlugs.includes(model)))
  })

  it('are of cells that Table 2 has', () => {
    const table = keysOfAll([diffMsinTable2])
    expect(keysOf(diffMsinCase).filter((key) => !table.has(key))).toEqual([])
    expect([diffMsinCase.seeds, diffMsinCase.html]).toEqual([[1], true])
  })
})
