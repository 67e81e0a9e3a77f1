import { describe, expect, it } from 'vitest'
import { randomStream } from '../random/stream.ts'
import { lastTwo } from '../testing/ranking/index.ts'
import { tinyDataset, tinyField, withFields } from '../testing/tiny-dataset.ts'
import { triples } from './triples.ts'

// Item 3 has no field, item 4 a brand alone.
const brand = tinyField([1, 2, 0, 2])
const category = tinyField([1, 1, 0, 0])
const plain = tinyDataset({ events: [1, 2, 3, 4].map((item) => [1, item, 'click', item] as const) })
const dataset = withFields(plain, { brand, category })
const settings = {
  fields: [
    { name: 'brand', first: 0 },
    { name: 'category', first: 2 },
  ],
}
const training = (of = dataset) =>
  triples(settings).training({ dataset: of, split: lastTwo(of) }, { slug: 'kmclr', batchSize: 2, seed: 1 })

/** The rows of an epoch: item, relation, entity, other, weight. */
function rowsOf(epoch: number): number[][] {
  const names = ['item', 'relation', 'entity', 'other'].map((name) => `batch.${name}`)
  return training()
    .epoch(epoch)
    .flatMap((batch) => {
      const ids = Object.fromEntries(names.map((name) => [name, new BigInt64Array(2)]))
      const weight = new Float32Array(2)
      batch.fill({ ...ids, 'batch.weight': weight }, randomStream(1))
      return [0, 1].map((row) => [...names.map((name) => Number(ids[name]?.[row])), weight[row] as number])
    })
}

describe('triples', () => {
  it('are one of each item that has a field, with a value that another item has and this one has not', () => {
    for (const epoch of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const rows = rowsOf(epoch)
      expect(rows.map((row) => row[4])).toEqual([0.5, 0.5, 1, 0])
      const real = rows.slice(0, 3)
      expect(real.map(([item]) => item as number).sort((a, b) => a - b)).toEqual([1, 2, 4])
      for (const [item, relation, entity, other] of real) {
        const own = relation === 0 ? brand.values[item as number] : 2 + (category.values[item as number] as number)
        expect(entity).toBe(own)
        expect(other).not.toBe(entity)
        expect([1, 2, 3]).toContain(other)
      }
    }
  })

  it('are drawn anew each epoch, and the same for the same epoch', () => {
    expect(rowsOf(3)).toEqual(rowsOf(3))
    expect(new Set([1, 2, 3, 4].map((epoch) => JSON.stringify(rowsOf(epoch)))).size).toBeGreaterThan(1)
  })

  it('are refused where no two values can be told apart', () => {
    const same = withFields(plain, { brand: tinyField([1, 1, 0, 1]), category: tinyField([0, 0, 0, 0]) })
    expect(() => training(same)).toThrow(
      'tiny: empty: fewer than two values in "brand", "category" that kmclr could tell apart, expected items with several values. name other fields with --fields, or train with --without-knowledge',
    )
  })
})
