import { describe, expect, it } from 'vitest'
import { input, parameter } from '../tensor/node.ts'
import { evaluateGradients, evaluateTensor } from '../testing/evaluate-tensor.ts'
import { catalogLoss } from './catalog-loss.ts'
import { scalableCrossEntropy } from './scalable-cross-entropy.ts'

// Users right, up, left, and one that only fills up; items right, far right, up, left, down; the pad is largest.
const feeds = {
  users: Float32Array.of(1, 0, 0, 1, -1, 0, 9, 9),
  table: Float32Array.of(50, 50, 1, 0, 2, 0, 0, 1, -1, 0, 0, -1),
  targets: BigInt64Array.of(1n, 5n, 4n, 0n),
  weights: Float32Array.of(0.5, 0.3, 0.2, 0),
}
const hidden = parameter('users', [4, 2], () => {})
const table = parameter('table', [6, 2], () => {})
const parts = { hidden, table, targets: input('targets', [4], 'int64'), weights: input('weights', [4]) }
const e = Math.E

describe('SCE', () => {
  it('is worked by hand: the best of each bucket, each user where its loss is largest', async () => {
    // Bucket 1 points right, bucket 2 up and a little right. The user that only fills up mixes into neither.
    const mix = Float32Array.of(1, 0, 0, 7, 0.1, 1, 0, -7)
    const loss = scalableCrossEntropy(parts, { mix: input('mix', [2, 4]), users: 2, items: 2 })
    const [value] = await evaluateTensor(loss, { ...feeds, mix })
    // Bucket 1: users right and up; items far right and right. Right's own item is there and no negative.
    const rightInFirst = Math.log((e + e ** 2) / e)
    const upInFirst = Math.log((e ** -1 + 1 + 1) / e ** -1)
    // Bucket 2: users up and right; items up (1) and far right (0.2).
    const rightInSecond = Math.log((e + 1 + e ** 2) / e)
    const upInSecond = Math.log((e ** -1 + e + 1) / e ** -1)
    expect([rightInSecond > rightInFirst, upInSecond > upInFirst]).toEqual([true, true])
    // The user left is in no bucket, and its weight in no mean.
    expect(value).toBeCloseTo((0.5 * rightInSecond + 0.3 * upInSecond) / 0.8, 5)
  })

  it('counts a loss of nothing in the mean too', async () => {
    // One bucket of one item: right's own, so that nothing is left to lose; left has it as a negative.
    const one = { ...feeds, table: Float32Array.of(0, 0, 5, 0, 0, 0, 0, 0, -1, 0, 0, 0) }
    const loss = scalableCrossEntropy(parts, { mix: input('mix', [1, 4]), users: 3, items: 1 })
    const [value] = await evaluateTensor(loss, { ...one, mix: Float32Array.of(1, 0, 0, 0) })
    const [up, left] = [Math.log(2), Math.log((e + e ** -5) / e)]
    expect(value).toBeCloseTo(0.3 * up + 0.2 * left, 5)
  })

  it('is the softmax over the catalog where one bucket holds everything', async () => {
    const loss = scalableCrossEntropy(parts, { mix: input('mix', [1, 4]), users: 4, items: 5 })
    const given = { ...feeds, mix: Float32Array.of(1, 2, 3, 4) }
    const [ours, full] = [
      await evaluateGradients(loss, [hidden, table], given),
      await evaluateGradients(catalogLoss(parts), [hidden, table], given),
    ]
    expect(ours.loss).toBeCloseTo(full.loss, 5)
    for (const name of ['users', 'table'])
      expect(ours.gradients[name]).toEqual(full.gradients[name]?.map((value) => expect.closeTo(value, 5)))
  })
})
