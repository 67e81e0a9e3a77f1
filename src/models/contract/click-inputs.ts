/** @file The inputs of a batch of candidates, in training and when serving. */
import { greater, where } from '../../tensor/elementwise.ts'
import { cast } from '../../tensor/move.ts'
import { input, type Tensor } from '../../tensor/node.ts'
import type { ClickBatch } from './click-model.ts'

/** The sizes of a batch; see {@link ClickBatch}. */
export type ClickBatchShape = Pick<ClickBatch, 'rows' | 'histories' | 'length'>

/** The inputs of a batch by name, and the batch made of them. */
export function clickInputs({ rows, histories, length }: ClickBatchShape): {
  inputs: Readonly<Record<string, Tensor>>
  batch: ClickBatch
} {
  const user = input('user', [histories], 'int64')
  const item = input('item', [rows], 'int64')
  const history = input('history', [histories, length], 'int64')
  const behavior = input('behavior', [histories, length], 'int64')
  const mask_HL = where(greater(cast(history, 'float32'), 0), 1, 0)
  return {
    inputs: { user, item, history, behavior },
    batch: { rows, histories, length, user_H: user, item_B: item, history_HL: history, behavior_HL: behavior, mask_HL },
  }
}
