import { describe, expect, it } from 'vitest'
import { input, parameter, scalar } from '../tensor/node.ts'
import { evaluateGradients, evaluateTensor } from '../testing/evaluate-tensor.ts'
import { catalogLoss } from './catalog-loss.ts'
import { mixedSample, sampledSoftmax } from './sampled-softmax.ts'

// e^score of the pad and four items for a user of 1: 20, 2, 1, 5, 3.
const feeds = {
  user: Float32Array.of(1, 0, 1),
  table: Float32Array.from([20, 2, 1, 5, 3], Math.log),
  // The second row only pads.
  targets: BigInt64Array.of(1n, 0n, 3n),
  weights: Float32Array.of(0.25, 0, 0.75),
}
const user = parameter('user', [3, 1], () => {})
const table = parameter('table', [5, 1], () => {})
const parts = {
  hidden: user,
  table,
  targets: input('targets', [3], 'int64'),
  weights: input('weights', [3]),
}
const drawnOf = (count: number) => input('drawn', [count], 'int64')

describe('sampled softmax', () => {
  it('counts each drawn item as often as it stands for, and a hit of the target not at all', async () => {
    // Two of four items are drawn, so each stands for two: 2 for the first row is its own target.
    const loss = sampledSoftmax(parts, { items: drawnOf(2), logExpected: scalar(Math.log(2 / 4)) })
    const [value] = await evaluateTensor(loss, { ...feeds, drawn: BigInt64Array.of(1n, 2n) })
    const first = Math.log((2 + 2 * 1) / 2)
    const third = Math.log((5 + 2 * (2 + 1)) / 5)
    expect(value).toBeCloseTo(0.25 * first + 0.75 * third, 5)
  })

  it('takes targets of the step evenly beside the drawn items, none of a row that only fills up', async () => {
    // Two of four items are drawn, 2 and 4, and of three rows the first and second are taken. Of two targets one is
    // another row's, and half of the targets that count are taken: each is expected 2 / 4 + share / 2 times.
    const share = input('share', [5])
    const sample = mixedSample(parts, { drawn: drawnOf(2), share, itemCount: 4 })
    const given = { ...feeds, drawn: BigInt64Array.of(2n, 4n), share: Float32Array.of(0, 0.6, 0.2, 0.1, 0.1) }
    const [items, expected] = [
      await evaluateTensor(sample.items, given),
      await evaluateTensor(sample.logExpected, given),
    ]
    expect(items).toEqual([2, 4, 1, 0])
    expect(expected.slice(0, 3).map(Math.exp)).toEqual([0.6, 0.55, 0.8].map((value) => expect.closeTo(value, 5)))
    expect(expected[3]).toBeGreaterThan(1e8)
    const [value] = await evaluateTensor(sampledSoftmax(parts, sample), given)
    const first = Math.log((2 + 1 / 0.6 + 3 / 0.55) / 2)
    const third = Math.log((5 + 1 / 0.6 + 3 / 0.55 + 2 / 0.8) / 5)
    expect(value).toBeCloseTo(0.25 * first + 0.75 * third, 5)
  })

  it('is the softmax over the catalog where every item is drawn once', async () => {
    const all = { ...feeds, drawn: BigInt64Array.of(1n, 2n, 3n, 4n) }
    const loss = sampledSoftmax(parts, { items: drawnOf(4), logExpected: scalar(0) })
    const [ours, full] = [
      await evaluateGradients(loss, [user, table], all),
      await evaluateGradients(catalogLoss(parts), [user, table], all),
    ]
    expect(ours.loss).toBeCloseTo(full.loss, 5)
    for (const name of ['user', 'table'])
      expect(ours.gradients[name]).toEqual(full.gradients[name]?.map((value) => expect.closeTo(value, 5)))
  })
})
