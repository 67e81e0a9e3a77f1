/** @file Batches of the catalog's items: for losses over items alone, such as a knowledge graph's or a codebook's. */
import { randomStream } from '../random/stream.ts'
import type { Tensor } from '../tensor/node.ts'
import { type BatchKind, batchKind, counted, inOrder } from './kind.ts'

/** A symbolic batch of items. */
export interface Items {
  readonly rows: number
  /** Item indices [B] int64; rows that only fill up repeat the first one. */
  readonly item_B: Tensor
  /** Weights [B], which sum to 1; 0 for rows that only fill up. */
  readonly weight_B: Tensor
}

/** Every item of the catalog once an epoch, in an order drawn anew each time. */
export function items(): BatchKind<Items, Int32Array> {
  return batchKind<Items, Int32Array>({
    smallest: { rows: 2, length: 0, targets: 2 },
    declare: ({ rows }, input) => ({
      rows,
      item_B: input('item', [rows], 'int64'),
      weight_B: input('weight', [rows]),
    }),
    fill(chosen, { rows }, buffers) {
      const item = buffers['item'] as BigInt64Array | undefined
      const weight = buffers['weight'] as Float32Array | undefined
      for (let row = 0; row < rows; row++) {
        if (item) item[row] = BigInt(chosen[row < chosen.length ? row : 0] as number)
        if (weight) weight[row] = row < chosen.length ? 1 / chosen.length : 0
      }
    },
    training({ dataset }, { batchSize, seed }, fill) {
      const count = dataset.catalog.ids.length - 1
      const rows = Math.min(batchSize, count)
      const shape = { rows, length: 0, targets: rows }
      return {
        size: `${counted(count)} items`,
        shapes: [shape],
        epoch(number) {
          const order = randomStream(seed, 'items', number).shuffle(
            Int32Array.from({ length: count }, (_, at) => at + 1),
          )
          return inOrder(count, shape, (begin, end) => order.subarray(begin, end), fill)
        },
      }
    },
  })
}
