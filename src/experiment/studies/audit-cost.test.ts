import { expect, it } from 'vitest'
import { auditCost } from './audit-cost.ts'

const comparisons = auditCost.comparisons({ dataRoot: 'data' })

it('trains one model by the same options on data that differ in nothing but the clicks or pictures left out', () => {
  for (const { variants, reference, split, dataset } of comparisons) {
    expect([reference, split]).toEqual(['everything', { protocol: 'leave-one-out' }])
    const [whole, ...others] = variants
    expect(whole?.dataset).toBeUndefined()
    for (const { name: _, dataset: other, ...options } of others) {
      expect(options).toEqual({ model: whole?.model, config: whole?.config, training: whole?.training })
      expect(other?.recipe(1).settings).toMatchObject({ whole: dataset.recipe(1).settings })
    }
  }
})

it('lets validation choose how sure the audit has to be, and has nothing there that knows truth or targets', () => {
  const [seeds, choices, others] = comparisons.map(({ variants }) => variants.map(({ name }) => name))
  expect(choices).toEqual(['everything', ...[0.9, 0.5, 0.3].map((least) => `without suspects from ${least}`)])
  expect(seeds).toEqual(['everything', 'without suspects from 0.3'])
  expect(others).toEqual([
    'everything',
    'without suspects from 0.5',
    'without as many at random',
    'without suspects of hindsight',
    'without the planted accidents',
  ])
})

it('leaves pictures out of models that read them, with the same names and no clicks beside', () => {
  const pictured = comparisons.filter(({ title }) => title.endsWith(', pictures'))
  expect(pictured.map(({ variants }) => variants.map(({ model }) => model)[0])).toEqual(['sasrec-bf', 'm3bsr'])
  for (const { variants } of pictured)
    for (const { dataset } of variants.slice(1))
      expect(dataset?.recipe(1).settings).toMatchObject({ sifting: { of: 'pictures' } })
})
