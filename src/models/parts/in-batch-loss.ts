/**
 * @file A softmax over the targets of a batch, in place of the catalog: less the logarithm of how often an item is a
 * target, so that it estimates the whole softmax (sampled softmax with correction).
 */
import type { Sequences } from '../../batches/sequences.ts'
import { hiddenScore } from '../../tensor/attention.ts'
import { equalPairs } from '../../tensor/compare.ts'
import { crossEntropyOf } from '../../tensor/cross-entropy.ts'
import { stack } from '../../tensor/move.ts'
import { constant, integers, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'

/** What a batch's targets are compared by. */
export interface InBatch {
  /** [P, D] */
  readonly user_PD: Tensor
  /** Rows of the targets, [P, D]. */
  readonly target_PD: Tensor
  /** ln of each target's share of training events, [P]. */
  readonly logShare_P: Tensor
}

/**
 * sum_p w_p * -log softmax_c(u_p . x_c - log share_c)[p]. c runs over the batch's targets but those that hold an item
 * of the same window, and those that only fill up.
 */
export function inBatchLoss(
  { user_PD, target_PD, logShare_P }: InBatch,
  { rows, length, item_BL, atLast, target_P, weight_P }: Sequences,
): Tensor {
  const [count] = dims(target_P, 1)
  const scores_PC = user_PD.matmul(target_PD, { transposeB: true }).sub(logShare_P)
  const numbers = Float32Array.from({ length: rows * length }, (_, at) => Math.floor(at / length))
  const window_P = atLast(constant(numbers, [rows, length, 1]))
    .reshape([-1])
    .cast('int64')
  // Which window holds which column's item: in its history, place by place, or as a target of its own.
  const places = Array.from({ length }, (_, at) =>
    item_BL
      .slice(1, at, at + 1)
      .equal(target_P)
      .cast('float32'),
  )
  const inHistory_BC = stack(places, 0).max([0])
  const windows_B1 = integers(Array.from({ length: rows }, (_, row) => row)).reshape([rows, 1])
  const sameItem_PC = equalPairs(target_P)
  const asTarget_BC = windows_B1.equal(window_P).cast('float32').matmul(sameItem_PC)
  const own_BC = inHistory_BC.add(asTarget_BC).greater(0).cast('float32')
  const unused_C = weight_P.equal(0).cast('float32')
  const index_P = integers([...Array(count).keys()])
  const others_PC = equalPairs(index_P).mul(-1).add(1)
  const hidden_PC = own_BC.rows(window_P).add(unused_C).mul(others_PC).mul(hiddenScore)
  return crossEntropyOf(scores_PC.add(hidden_PC), index_P, weight_P)
}
