import { describe, expect, it } from 'vitest'
import { evaluateTensor } from '../testing/evaluate-tensor.ts'
import { input } from './node.ts'
import { oneHotProduct } from './one-hot.ts'

describe('oneHotProduct', () => {
  it.each([3, 64, 65])('sums rows by id, of %i ids', async (size) => {
    const ids = [2, 0, 2, size - 1]
    const rows = [1, 10, 2, 20, 4, 40, 8, 80]
    const product = oneHotProduct(input('ids', [4], 'int64'), input('rows', [4, 2]), size)
    expect(product.shape).toEqual([size, 2])
    const expected = Array.from({ length: size }, (_, id) =>
      [0, 1].map((j) => ids.reduce((sum, of, row) => sum + (of === id ? rows[2 * row + j]! : 0), 0)),
    )
    const values = await evaluateTensor(product, {
      ids: BigInt64Array.from(ids, BigInt),
      rows: Float32Array.from(rows),
    })
    expect(values).toEqual(expected.flat())
  })
})
