import { describe, expect, it } from 'vitest'
import { randomStream } from '../random/stream.ts'
import { lastTwo } from '../testing/ranking/index.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { type ItemPair, itemPairs } from './item-pairs.ts'

const dataset = tinyDataset({ events: [[1, 3, 'click', 1]] })
const training = (pairs: readonly ItemPair[]) =>
  itemPairs(() => pairs, 'train without them').training(
    { dataset, split: lastTwo(dataset) },
    { slug: 'qarm', batchSize: 2, seed: 1 },
  )

/** The rows of an epoch: first, second, weight. */
function rowsOf(epoch: number): number[][] {
  const pairs = [
    [1, 2],
    [3, 1],
    [2, 3],
  ] as const
  return training(pairs)
    .epoch(epoch)
    .flatMap((batch) => {
      const [first, second, weight] = [new BigInt64Array(2), new BigInt64Array(2), new Float32Array(2)]
      batch.fill({ 'batch.first': first, 'batch.second': second, 'batch.weight': weight }, randomStream(1))
      return [0, 1].map((row) => [Number(first[row]), Number(second[row]), weight[row] as number])
    })
}

describe('pairs of items', () => {
  it('come once an epoch; what only fills up the last batch counts nothing', () => {
    for (const epoch of [1, 2, 3]) {
      const rows = rowsOf(epoch)
      expect(rows.map(([, , weight]) => weight)).toEqual([0.5, 0.5, 1, 0])
      const real = rows.slice(0, 3).map(([first, second]) => `${first} ${second}`)
      expect(real.sort()).toEqual(['1 2', '2 3', '3 1'])
    }
  })

  it('come in another order each epoch, and in the same for the same epoch', () => {
    expect(rowsOf(2)).toEqual(rowsOf(2))
    expect(new Set([1, 2, 3, 4].map((epoch) => JSON.stringify(rowsOf(epoch)))).size).toBeGreaterThan(1)
  })

  it('are asked for where there are none', () => {
    expect(() => training([])).toThrow(
      'tiny: empty: no click that qarm could pair with an earlier event of its user, expected users who did something before they clicked. train without them',
    )
  })
})
