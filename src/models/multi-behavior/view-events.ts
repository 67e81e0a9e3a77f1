/**
 * @file The events of a batch by views: those of one behavior side by side, in their order, and once more all of them
 * where there is a view of all.
 */
import { equal, where } from '../../tensor/compare.ts'
import { sub } from '../../tensor/elementwise.ts'
import { topK } from '../../tensor/largest.ts'
import { concat } from '../../tensor/move.ts'
import { integers, type Tensor } from '../../tensor/node.ts'
import { rowsWithin } from '../../tensor/rows.ts'
import { dims } from '../../tensor/shape.ts'

/** Some sequences, [from, to) of all R, and the views whose events they hold. */
interface ViewPart {
  readonly from: number
  readonly to: number
  readonly views: readonly number[]
}

/** Events in the order in which views read them, L of each of R sequences. */
export interface ViewEvents {
  /** The view that reads an event, as many as there are views for padding: [L, R] int64. */
  readonly kind_LR: Tensor
  readonly parts: readonly ViewPart[]
  /** What is known of the events of a batch, [B, L] int64 -> [L R], step after step. */
  readonly inOrder: (of_BL: Tensor) => Tensor
  /** Weights of the events of each part [B, M, L], back in the order of time: [M, B, L] for all views. */
  readonly inTime: (weights: readonly Tensor[]) => Tensor
}

/**
 * @param behavior_BL [B, L] int64: 1 + the behavior of an event, 0 for padding
 * @param merged whether all events are read by one more view
 */
export function viewEvents(behavior_BL: Tensor, behaviors: number, merged: boolean): ViewEvents {
  const [rows, length] = dims(behavior_BL, 2)
  const views = behaviors + (merged ? 1 : 0)
  const isPadding = equal(behavior_BL, integers([0]))
  const kindOf = (ofEvent: Tensor): Tensor => where(isPadding, integers([views]), ofEvent)
  const kind_BL = kindOf(sub(behavior_BL, integers([1])))
  // Of one kind the first comes first.
  const order_BL = topK(kind_BL, length, { smallest: true }).places
  const back_BL = topK(order_BL, length, { smallest: true }).places
  const twice = (sorted_BL: Tensor, plain_BL: Tensor): Tensor =>
    (merged ? concat([sorted_BL, plain_BL], 0) : sorted_BL).transpose()
  const part = (at: number, own: readonly number[]): ViewPart => ({ from: at * rows, to: (at + 1) * rows, views: own })
  return {
    kind_LR: twice(rowsWithin(kind_BL, order_BL), kindOf(integers([views - 1]))),
    parts: [
      part(
        0,
        Array.from({ length: behaviors }, (_, at) => at),
      ),
      ...(merged ? [part(1, [behaviors])] : []),
    ],
    inOrder: (of_BL) => twice(rowsWithin(of_BL, order_BL), of_BL).reshape([-1]),
    inTime: ([sorted_BML, ...others]) => {
      const sorted_BLM = (sorted_BML as Tensor).transpose([0, 2, 1])
      const own_BML = rowsWithin(sorted_BLM, back_BL).transpose([0, 2, 1])
      return concat([own_BML, ...others], 1).transpose([1, 0, 2])
    },
  }
}
