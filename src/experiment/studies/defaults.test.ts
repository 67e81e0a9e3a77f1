import { describe, expect, it } from 'vitest'
import { modelOf } from '../../models/registry.ts'
import { defaults } from './defaults.ts'
import { m3bsrTable2 } from './m3bsr-table2.ts'
import { scientific } from './scientific.ts'

const wanted = { dataRoot: 'data' }
const comparisons = defaults.comparisons(wanted)
const ranked = comparisons.slice(0, 5)

describe('the study of defaults', () => {
  it('has each model by its defaults against itself tuned, beside all models that count', () => {
    for (const { variants } of ranked) {
      const usual = variants.filter((variant) => variant.defaults)
      expect(usual.length).toBeGreaterThan(1)
      for (const { name, model, config, training, tune, against } of usual) {
        expect([config, training, tune, against]).toEqual([undefined, undefined, undefined, `${name}, tuned`])
        const tuned = variants.find((variant) => variant.name === against)
        expect(tuned).toMatchObject({ model })
        expect(Object.keys(tuned?.training ?? {})).toContain('batchSize')
      }
      const counted = variants.filter(({ model }) => modelOf(model).task === 'counting')
      expect(counted.map(({ name }) => name)).toEqual(['popularity', 'item-kNN', 'last item'])
    }
  })

  it('asks as the studies ask whose cells it shares', () => {
    for (const study of [scientific, m3bsrTable2]) {
      const [theirs] = study.comparisons(wanted)
      const ours = ranked.find(({ dataset }) => dataset.label === theirs?.dataset.label)
      const asked = { split: theirs?.split, sampled: theirs?.sampled, measure: theirs?.measure }
      expect({ split: ours?.split, sampled: ours?.sampled, measure: ours?.measure }).toEqual(asked)
      const { name: _, ...tuned } = ours?.variants.find(({ name }) => name === 'SASRec, tuned') ?? { name: '' }
      expect(theirs?.variants.find(({ name }) => name === 'SASRec')).toMatchObject(tuned)
    }
  })

  it('has three models of clicks by their defaults on three sets', () => {
    const clicks = comparisons.slice(5)
    expect(clicks.map(({ variants }) => variants.map(({ name, defaults }) => [name, defaults]))).toEqual(
      Array.from({ length: 3 }, () => ['DIN', 'DeepFM', 'Diff-MSIN'].map((name) => [name, true])),
    )
  })
})
