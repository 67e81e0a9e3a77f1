/** @file The made-up histories of CMCLRec, and how they stand before what a user did. */
import { hiddenScore } from '../../../tensor/attention.ts'
import { concat } from '../../../tensor/move.ts'
import { constant, integers, type Tensor } from '../../../tensor/node.ts'
import { rowsWithin } from '../../../tensor/rows.ts'
import { segmentSum } from '../../../tensor/segment-sum.ts'
import { dims } from '../../../tensor/shape.ts'
import { placesBefore } from '../../parts/first-places.ts'
import type { Histories } from './backbone.ts'

/** Made-up histories. */
export interface Simulated {
  /** Best first, [B, S] int64. */
  readonly item_BS: Tensor
  /** How many of them there are: [B]. */
  readonly count_B: Tensor
}

/** (6) The `count` best of scores [B, V + 1]; what is hidden is not taken. */
export function bestOf(scores_BV: Tensor, count: number): Simulated {
  const { values, places } = scores_BV.topK(Math.min(count, dims(scores_BV, 2)[1]))
  return {
    item_BS: places,
    count_B: values
      .greater(hiddenScore / 2)
      .cast('float32')
      .sum([1]),
  }
}

/** How often each item comes among ids [B, N], where 0 is none; what never comes is hidden: [B, V + 1]. */
export function timesOf(item_BN: Tensor, itemRows: number): Tensor {
  const [rows, size] = dims(item_BN, 2)
  const first_B1 = integers(Array.from({ length: rows }, (_, row) => row * itemRows)).reshape([rows, 1])
  const ones = constant(new Float32Array(rows * size).fill(1), [rows * size, 1])
  const times_BV = segmentSum(ones, item_BN.add(first_B1).reshape([-1]), rows * itemRows).reshape([rows, itemRows])
  const isItem_V = constant(new Float32Array(itemRows).fill(1).fill(0, 0, 1), [itemRows])
  return times_BV.mul(isItem_V).greater(0).where(times_BV, hiddenScore)
}

/** What a history is put together from. */
export interface Pieces {
  readonly simulated: Simulated
  /** How many simulated items are wanted, the best of them: [B]. */
  readonly wanted_B: Tensor
  /** [B, L] int64 */
  readonly item_BL: Tensor
  /** Where the user's own events begin in that, and how many they are: [B] both. */
  readonly begin_B: Tensor
  readonly own_B: Tensor
}

/** A history with simulated items before it. */
export interface Prefixed extends Histories {
  /** How many events there are: [B]. */
  readonly count_B: Tensor
}

/** Simulated items, the best last, then the user's own events; all must fit. */
export function prefixed({ simulated, wanted_B, item_BL, begin_B, own_B }: Pieces, length: number): Prefixed {
  const [rows] = dims(item_BL, 2)
  const [, most] = dims(simulated.item_BS, 2)
  const column = (x_B: Tensor): Tensor => x_B.reshape([rows, 1])
  const [k_B1, available_B1] = [column(wanted_B), column(simulated.count_B)]
  const before_B1 = k_B1.greater(available_B1).where(available_B1, k_B1)
  const count_B1 = before_B1.add(column(own_B))
  const place_1L = placesBefore(length)
  const ofSimulated_BL = before_B1.sub(1).sub(place_1L)
  const ofOwn_BL = place_1L.sub(before_B1).add(column(begin_B)).add(most)
  const isReal_BL = count_B1.greater(place_1L)
  const from_BL = before_B1
    .greater(place_1L)
    .where(ofSimulated_BL, ofOwn_BL)
    .mul(isReal_BL.cast('float32'))
    .cast('int64')
  const all = concat([simulated.item_BS, item_BL], 1)
  return {
    item_BL: isReal_BL.where(rowsWithin(all, from_BL), integers([0])),
    last_B: count_B1.sub(1).relu().cast('int64').reshape([rows]),
    count_B: count_B1.reshape([rows]),
  }
}
