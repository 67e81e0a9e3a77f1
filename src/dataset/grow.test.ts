import { describe, expect, it } from 'vitest'
import { newcomer, shop, twin } from '../testing/later-shop.ts'
import { growDataset } from './grow.ts'
import type { FeatureTable } from './schema.ts'

const dataset = shop()
const image = dataset.features.image as FeatureTable
const vector = image.vectors.slice(image.width, 2 * image.width)

describe('growDataset', () => {
  it('puts items after those there are, with what is known of them', () => {
    const grown = growDataset(dataset, [
      { id: newcomer, title: 'New', fields: { category: 'c9' }, numbers: { price: 7 }, vectors: { image: vector } },
      { id: 'bare' },
    ])
    const { ids, titles, fields, numbers } = grown.catalog
    expect(ids.slice(-3)).toEqual(['chair11', newcomer, 'bare'])
    expect([titles.at(-2), titles.at(-1)]).toEqual(['New', ''])
    const { values, vocabulary } = fields['category'] as (typeof fields)[string]
    expect(Array.from(values.slice(-2), (value) => vocabulary[value])).toEqual(['c9', ''])
    expect([...(numbers?.['price']?.slice(-2) ?? [])]).toEqual([7, Number.NaN])
    expect([...(grown.features.image?.present.slice(-2) ?? [])]).toEqual([1, 0])
    expect(grown.features.image?.vectors.slice(-2 * image.width, -image.width)).toEqual(vector)
    expect(grown.manifest.counts.items).toBe(14)
    expect([grown.hash === dataset.hash, grown.hash.length]).toEqual([false, 64])
    expect(dataset.catalog.ids).toHaveLength(13)
  })

  it('refuses what the dataset has, and what it could not have', () => {
    const refused =
      (more: object): (() => unknown) =>
      () =>
        growDataset(dataset, [{ id: newcomer, ...more }])
    expect(refused({ id: twin })).toThrow(`item "${twin}": duplicate: the id is taken`)
    expect(() => growDataset(dataset, [{ id: 'a' }, { id: 'a' }])).toThrow('item "a": duplicate')
    expect(refused({ fields: { color: 'red' } })).toThrow('unknown: "color", expected one of category')
    expect(refused({ numbers: { prices: 1 } })).toThrow('did you mean "price"?')
    expect(refused({ vectors: { image: Float32Array.of(1) } })).toThrow(
      'mismatched: image vector of 1 numbers, expected 6, as the dataset has',
    )
  })
})
