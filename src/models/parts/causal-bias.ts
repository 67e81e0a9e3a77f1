/** @file Score biases that keep a position from seeing later ones, or padding. */
import { mul } from '../../tensor/elementwise.ts'
import { cast, reshape } from '../../tensor/move.ts'
import { constant, integers, operation, type Tensor } from '../../tensor/node.ts'

/** What is added to the score of a key that must not be seen; its softmax weight is exactly 0. */
const hidden = -1e9

/** [L, L]: position i sees positions up to i. */
export function causalBias(length: number): Tensor {
  const bias = Float32Array.from({ length: length * length }, (_, at) =>
    at % length > Math.floor(at / length) ? hidden : 0,
  )
  return constant(bias, [length, length])
}

/** [B, 1, 1, L]: every position sees all of a history [B, L] but its padding. */
export function paddingBias(history: Tensor): Tensor {
  const [rows, length] = history.shape as [number, number]
  const padding = operation('Equal', { inputs: [history, integers([0])], shape: history.shape, dtype: 'bool' })
  return reshape(mul(cast(padding, 'float32'), hidden), [rows, 1, 1, length])
}

/** [B, 1, 1, L]: the row of each window's last position `last` [B] (0-based within the window). */
export function lastBias(last: Tensor, length: number): Tensor {
  const rows = last.shape[0] as number
  const later = operation('Greater', {
    inputs: [integers(Array.from({ length }, (_, at) => at)), reshape(last, [rows, 1])],
    shape: [rows, length],
    dtype: 'bool',
  })
  return reshape(mul(cast(later, 'float32'), hidden), [rows, 1, 1, length])
}
