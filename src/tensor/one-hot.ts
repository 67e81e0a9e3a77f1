/** @file Sums of rows by a few ids, inside a graph. */
import { matmul } from './linear.ts'
import { constant, type Tensor } from './operation.ts'
import { take } from './primitives.ts'

/**
 * onehot(ids)^T @ rows: ids [N], rows [N, D] -> [V, D], for a V so small that [N, V] costs little; otherwise see
 * `segmentSum`. The one-hot rows are taken from an identity matrix, which onnxruntime does on all threads; its OneHot
 * works on one.
 */
export function oneHotProduct(ids: Tensor, rows: Tensor, size: number): Tensor {
  const identity = constant(
    Float32Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0)),
    [size, size],
  )
  return matmul(take(identity, ids), rows, { transposeA: true })
}
