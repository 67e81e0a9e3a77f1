import { describe, expect, it } from 'vitest'
import { crossEntropy } from '../tensor/cross-entropy.ts'
import { mul } from '../tensor/elementwise.ts'
import { input, parameter, type Tensor } from '../tensor/node.ts'
import { evaluateGradients, evaluateTensor } from '../testing/evaluate-tensor.ts'
import { catalogLoss, catalogLossOf } from './catalog-loss.ts'

// Logits of the pad and three items for a user of 1: 3, ln 2, 0, ln 5. The items' e^logit are 2, 1 and 5, in all 8.
const feeds = {
  user: Float32Array.of(1, 0, 1),
  table: Float32Array.of(3, Math.log(2), 0, Math.log(5)),
  ones: Float32Array.of(1),
  // The second row only pads: its target is nobody, and its weight 0.
  targets: BigInt64Array.of(1n, 0n, 3n),
  weights: Float32Array.of(0.25, 0, 0.75),
}
const user = parameter('user', [3, 1], () => {})
const table = parameter('table', [4, 1], () => {})
const [targets, weights] = [input('targets', [3], 'int64'), input('weights', [3])]
const expected = 0.25 * Math.log(8 / 2) + 0.75 * Math.log(8 / 5)
/** Probabilities less the targets, weighed: of item 1, for one, 2 / 8 in both rows, less 0.25. The pad has none. */
const forTable = [0, 2 / 8 - 0.25, 1 / 8, 5 / 8 - 0.75]
const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 5))

describe('the softmax over a catalog', () => {
  it.each([1, 2, 3, 99])('leaves the pad out, worked by hand (chunks of %i items)', async (chunk) => {
    const found = await evaluateGradients(
      catalogLoss({ hidden: user, table, targets, weights }, { chunk }),
      [table, user],
      feeds,
    )
    expect(found.loss).toBeCloseTo(expected, 5)
    expect(found.gradients['table']).toEqual(close(forTable))
    const mean = (2 * Math.log(2) + 5 * Math.log(5)) / 8
    expect(found.gradients['user']).toEqual(close([0.25 * (mean - Math.log(2)), 0, 0.75 * (mean - Math.log(5))]))
  })

  it.each([2, 99])(
    'leaves the pad out of a computed table, its target rows apart or not (chunks of %i)',
    async (chunk) => {
      const ones = input('ones', [1])
      for (const apart of [false, true]) {
        const rowsOf = (ids: Tensor): Tensor => mul(table.rows(ids), ones)
        const given = { hidden: user, table: mul(table, ones), targets, weights, ...(apart && { rowsOf }) }
        const loss = catalogLoss(given, { chunk })
        const found = await evaluateGradients(loss, [table], feeds)
        expect(found.loss).toBeCloseTo(expected, 5)
        expect(found.gradients['table']).toEqual(close(forTable))
      }
    },
  )

  it('leaves the pad’s column out of scores that are all there', async () => {
    const scores = parameter('scores', [1, 4], () => {})
    const loss = catalogLossOf(scores, input('target', [1], 'int64'), input('weight', [1]))
    const given = { scores: feeds.table, target: BigInt64Array.of(3n), weight: Float32Array.of(1) }
    const found = await evaluateGradients(loss, [scores], given)
    expect(found.loss).toBeCloseTo(Math.log(8 / 5), 5)
    expect(found.gradients['scores']).toEqual(close([0, 2 / 8, 1 / 8, 5 / 8 - 1]))
  })

  it('differs from the softmax over all rows, where the pad takes e^3 of the sum', async () => {
    const loss = crossEntropy({ hidden: user, table, targets, weights })
    const [whole] = await evaluateTensor(loss, feeds)
    expect(whole).toBeCloseTo(expected + Math.log((8 + Math.exp(3)) / 8), 5)
  })
})
