/** @file The mean over the events of a history. */

import { where } from '../../tensor/compare.ts'
import { div } from '../../tensor/elementwise.ts'
import type { Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'

/** x [H, L, D] and mask [H, L] of 0 and 1 -> [H, D]; zeros where there is no event. */
export function meanOverHistory(x_HLD: Tensor, mask_HL: Tensor): Tensor {
  const [histories, length, width] = dims(x_HLD, 3)
  const count_H1 = mask_HL.sum([1], { keep: true })
  const share_HL = div(mask_HL, where(count_H1.greater(1), count_H1, 1))
  return share_HL.reshape([histories, 1, length]).matmul(x_HLD).reshape([histories, width])
}
