/** @file Batches of pairs of items that belong together: for a contrast of items before a model learns from clicks. */
import { UserError } from '../errors.ts'
import { randomStream } from '../random/stream.ts'
import type { Tensor } from '../tensor/node.ts'
import { type BatchKind, batchKind, counted, inOrder, type TrainingData } from './kind.ts'

/** Two items. */
export type ItemPair = readonly [first: number, second: number]

/** A symbolic batch of pairs. */
export interface ItemPairs {
  readonly rows: number
  /** The two items of each pair, [B] int64; rows that only fill up repeat the first pair. */
  readonly first_B: Tensor
  readonly second_B: Tensor
  /** Weights [B], which sum to 1; 0 for rows that only fill up. */
  readonly weight_B: Tensor
}

/**
 * Every pair once an epoch, in an order drawn anew each time.
 * @param of finds the pairs in what training may see
 * @param hint what to do where there are none
 */
export function itemPairs(
  of: (data: TrainingData) => readonly ItemPair[],
  hint: string,
): BatchKind<ItemPairs, readonly ItemPair[]> {
  return batchKind<ItemPairs, readonly ItemPair[]>({
    smallest: { rows: 2, length: 0, targets: 2 },
    declare: ({ rows }, input) => ({
      rows,
      first_B: input('first', [rows], 'int64'),
      second_B: input('second', [rows], 'int64'),
      weight_B: input('weight', [rows]),
    }),
    fill(pairs, { rows }, buffers) {
      const [firsts, seconds] = [buffers['first'], buffers['second']] as readonly (BigInt64Array | undefined)[]
      const weight = buffers['weight'] as Float32Array | undefined
      for (let row = 0; row < rows; row++) {
        const [first, second] = pairs[row < pairs.length ? row : 0] as ItemPair
        if (firsts) firsts[row] = BigInt(first)
        if (seconds) seconds[row] = BigInt(second)
        if (weight) weight[row] = row < pairs.length ? 1 / pairs.length : 0
      }
    },
    training(data, { slug, batchSize, seed }, fill) {
      const pairs = of(data)
      const count = pairs.length
      if (count === 0) throw noPairs(data, slug, hint)
      const rows = Math.min(batchSize, count)
      const shape = { rows, length: 0, targets: rows }
      return {
        size: `${counted(count)} pairs of items`,
        shapes: [shape],
        epoch(number) {
          const stream = randomStream(seed, 'item pairs', number)
          const order = stream.shuffle(Int32Array.from({ length: count }, (_, at) => at))
          const rowsAt = (begin: number, end: number): ItemPair[] =>
            Array.from(order.subarray(begin, end), (pair) => pairs[pair] as ItemPair)
          return inOrder(count, shape, rowsAt, fill)
        },
      }
    },
  })
}

const noPairs = ({ dataset }: TrainingData, slug: string, hint: string): UserError =>
  new UserError({
    where: dataset.folder,
    problem: 'empty',
    value: `no click that ${slug} could pair with an earlier event of its user`,
    expected: 'users who did something before they clicked',
    hint,
  })
