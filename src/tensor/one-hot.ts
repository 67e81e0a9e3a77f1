/** @file Sums of rows by a few ids, inside a graph. */
import { matmul } from './linear.ts'
import { constant, operation, type Tensor } from './node.ts'

/**
 * onehot(ids)^T @ rows, [V, D], of ids [N] and rows [N, D], for a V so small that [N, V] is nothing; for others see `segmentSum`. The one-hot
 * rows are gathered from an identity matrix: onnxruntime does that on all threads, and its OneHot works on one.
 */
export function oneHotProduct(ids: Tensor, rows: Tensor, size: number): Tensor {
  const identity = constant(
    Float32Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0)),
    [size, size],
  )
  const hot = operation('Gather', {
    attributes: { axis: { int: 0 } },
    inputs: [identity, ids],
    shape: [ids.shape[0] as number, size],
  })
  return matmul(hot, rows, { transposeA: true })
}
