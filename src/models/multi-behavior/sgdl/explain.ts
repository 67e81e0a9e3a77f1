/** @file What SGDL tells of a history: which of its events count little in training. */

import { softplus } from '../../../tensor/elementwise.ts'
import { unsqueeze } from '../../../tensor/move.ts'
import { integers, type Tensor } from '../../../tensor/node.ts'
import { dims } from '../../../tensor/shape.ts'
import type { BuiltModel } from '../../contract/model.ts'
import { leftOut } from '../../parts/left-out.ts'
import type { Weighing } from './losses.ts'

/** Items that stand for those that training draws. */
const drawnItems = 200
/** An event is noise where it weighs less than this share of what the history's events weigh in the mean. */
const noiseShare = 0.5

/**
 * What each event of a history would weigh in training beside items from all over the catalog, in the mean: [B, L].
 * @param items_VD their first row pads
 */
export function eventWeights(
  weigh: Weighing,
  { user_BD, item_BL, items_VD }: { readonly user_BD: Tensor; readonly item_BL: Tensor; readonly items_VD: Tensor },
): Tensor {
  const [rows, length] = dims(item_BL, 2)
  const [all, width] = dims(items_VD, 2)
  const count = Math.min(all - 1, drawnItems)
  const others = integers(Array.from({ length: count }, (_, at) => 1 + Math.floor((at * (all - 1)) / count)))
  const ofOthers_BN = user_BD.matmul(items_VD.rows(others), { transposeB: true })
  const ofEvents_BL = items_VD
    .rows(item_BL)
    .matmul(user_BD.reshape([rows, width, 1]))
    .reshape([rows, length])
  const loss_BLN = softplus(unsqueeze(ofOthers_BN, 1).sub(unsqueeze(ofEvents_BL, 2)))
  return weigh(loss_BLN.reshape([-1]))
    .reshape([rows, length, count])
    .mean([2])
}

/** The events that weigh less than half of what the history's events weigh in the mean. */
export const explainNoise: NonNullable<BuiltModel['explain']> = (history, items, { weight }) => {
  if (!weight) return []
  const own = weight.subarray(0, history.item.length)
  const mean = own.reduce((sum, one) => sum + one, 0) / own.length
  return leftOut(history, items, (at) => (own[at] as number) >= noiseShare * mean)
}
