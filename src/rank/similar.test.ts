import { describe, expect, it } from 'vitest'
import type { Scorer } from '../models/contract/scorer.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { cosinesTo, itemTableOf, rowLengths, similar } from './similar.ts'

const dataset = tinyDataset({ events: [[1, 1, 'click', 1]], items: 4 })
/** Item 2 points as item 1 does, item 3 across, item 4 has no vector. */
const table = Float32Array.of(9, 9, 3, 4, 6, 8, -4, 3, 0, 0)

const scorerOf = (values: Float32Array, width: number): Scorer =>
  ({ slug: 'sasrec', itemTable: () => Promise.resolve({ table: values, width, bias: false }) }) as unknown as Scorer

describe('similar', () => {
  it('ranks by cosine, worked by hand, without the item itself', async () => {
    expect(await similar({ dataset, scorer: scorerOf(table, 2) }, 'i1', { top: 2 })).toEqual([
      { id: 'i2', title: 'Item 2', cosine: 1 },
      { id: 'i3', title: 'Item 3', cosine: 0 },
    ])
  })

  it('refuses a length that is none', async () => {
    await expect(similar({ dataset, scorer: scorerOf(table, 2) }, 'i1', { top: -1 })).rejects.toThrow(
      'top: invalid: -1',
    )
  })

  it('refuses an item that is not there, and a model that ranks without a table', async () => {
    await expect(similar({ dataset, scorer: scorerOf(table, 2) }, 'i9')).rejects.toThrow('tiny item: unknown: "i9"')
    const counted = { slug: 'popularity' } as Scorer
    await expect(itemTableOf(counted)).rejects.toThrow('unsupported')
    await expect(similar({ dataset, scorer: counted }, 'i1')).rejects.toThrow(
      'similar: unsupported: popularity ranks without a table of items',
    )
  })
})

describe('the cosines of items', () => {
  it('are those of their rows, 0 for a row of zeros, and none for the pad and the item itself', () => {
    const scores = { table: Float32Array.of(9, 9, 3, 4, 6, 8, -4, 3, 0, 0), width: 2, bias: false }
    const lengths = rowLengths(scores)
    expect([...lengths].slice(1)).toEqual([5, 10, 5, 0])
    const none = Number.NEGATIVE_INFINITY
    expect([...cosinesTo(scores, 1, lengths)]).toEqual([none, none, 1, 0, 0])
    expect([...cosinesTo(scores, 4, lengths)]).toEqual([none, 0, 0, 0, none])
    // A bias is no part of the vector.
    const biased = { table: Float32Array.of(9, 9, 9, 3, 4, 7, 6, 8, -7), width: 3, bias: true }
    expect([...rowLengths(biased)].slice(1)).toEqual([5, 10])
    expect(cosinesTo(biased, 1, rowLengths(biased))[2]).toBe(1)
  })
})
