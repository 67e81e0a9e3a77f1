/** @file Sums of rows by their ids, inside the graph. */
import { matmul } from './linear.ts'
import { concat, reshape } from './move.ts'
import { constant, integers, operation, scalar, type Tensor } from './node.ts'

/** onehot(ids)^T @ rows, [V, D], of ids [N] and rows [N, D]: the sum of rows by id without an in-graph scatter, which races on repeats. */
export function oneHotProduct(ids: Tensor, rows: Tensor, size: number): Tensor {
  return matmul(size <= 64 ? rowsOfIdentity(ids, size) : oneHot(ids, size), rows, { transposeA: true })
}

const shapeOf = (ids: Tensor, size: number): [number, number] => [ids.shape[0] as number, size]

/** onehot(ids) where it is narrow: onnxruntime gathers rows on all threads, and its OneHot works on one. */
function rowsOfIdentity(ids: Tensor, size: number): Tensor {
  const identity = Float32Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0))
  return operation('Gather', { attributes: { axis: { int: 0 } }, inputs: [constant(identity, [size, size]), ids], shape: shapeOf(ids, size) })
}

function oneHot(ids: Tensor, size: number): Tensor {
  return operation('OneHot', {
    attributes: { axis: { int: -1 } },
    inputs: [ids, integers([size]), concat([reshape(scalar(0), [1]), reshape(scalar(1), [1])], 0)],
    shape: shapeOf(ids, size),
    dtype: 'float32',
  })
}
