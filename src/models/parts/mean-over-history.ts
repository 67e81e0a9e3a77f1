/** @file The mean over the events of a history. */
import { div, greater, where } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { reshape } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import { sum } from '../../tensor/reduce.ts'

/** x [H, L, D] and mask [H, L] of 0 and 1 -> [H, D]; zeros where there is no event. */
export function meanOverHistory(x_HLD: Tensor, mask_HL: Tensor): Tensor {
  const [histories, length, width] = x_HLD.shape as readonly [number, number, number]
  const count_H1 = sum(mask_HL, [1], { keep: true })
  const share_HL = div(mask_HL, where(greater(count_H1, 1), count_H1, 1))
  return reshape(matmul(reshape(share_HL, [histories, 1, length]), x_HLD), [histories, width])
}
