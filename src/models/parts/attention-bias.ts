/** @file Score biases that keep a position from seeing later ones, or padding. */
import { hiddenScore as hidden } from '../../tensor/attention.ts'
import { equal, greater } from '../../tensor/compare.ts'
import { mul, sub } from '../../tensor/elementwise.ts'
import { cast, reshape } from '../../tensor/move.ts'
import { constant, integers, type Tensor } from '../../tensor/node.ts'

/** [L, L]: position i sees positions up to i. */
export function causalBias(length: number): Tensor {
  const bias = Float32Array.from({ length: length * length }, (_, at) =>
    at % length > Math.floor(at / length) ? hidden : 0,
  )
  return constant(bias, [length, length])
}

/** 0 where a mask of any shape is 1, and what hides a score where it is 0. */
export const maskBias = (mask: Tensor): Tensor => mul(sub(mask, 1), -hidden)

/** [B, 1, 1, L]: every position sees all of a history [B, L] but its padding. */
export function paddingBias(history: Tensor): Tensor {
  const [rows, length] = history.shape as [number, number]
  const padding = equal(history, 0)
  return reshape(mul(cast(padding, 'float32'), hidden), [rows, 1, 1, length])
}

/** [B, 1, 1, L]: the row of each window's last position `last` [B] (0-based within the window). */
export function lastBias(last: Tensor, length: number): Tensor {
  const rows = last.shape[0] as number
  const later = greater(integers(Array.from({ length }, (_, at) => at)), reshape(last, [rows, 1]))
  return reshape(mul(cast(later, 'float32'), hidden), [rows, 1, 1, length])
}
