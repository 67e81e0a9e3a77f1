/** @file Rows by index: from a table (gradient leaves as sparse rows) and from activations (gradient by the inverse index). */
import { Bug } from '../errors.ts'
import { concat, reshape } from './move.ts'
import { constant, operation, type Tensor } from './node.ts'

function take(x: Tensor, ids: Tensor, gradient?: (g: Tensor) => readonly [unknown]): Tensor {
  return operation('Gather', {
    attributes: { axis: { int: 0 } },
    inputs: [x, ids],
    shape: [...ids.shape, ...x.shape.slice(1)],
    dtype: x.dtype,
    ...(gradient && { gradient: ([g]) => (g ? (gradient(g) as readonly [Tensor]) : []) }),
  })
}

/** Rows of a table [V, ...] by ids, any shape. A parameter's gradient leaves the graph as (ids, rows): see {@link SparseRows}. */
export function gather(table: Tensor, ids: Tensor): Tensor {
  if (!('kind' in table.origin)) throw new Bug('gather works on a parameter or an input; use selectRows for rows of an activation')
  return take(table, ids, (g) => [{ ids: reshape(ids, [-1]), rows: reshape(g, [-1, ...table.shape.slice(1)]) }])
}

/** Rows of an activation [R, D] by `rows` of any shape, where no gradient is wanted (serving). */
export const rowsOf = (x: Tensor, rows: Tensor): Tensor => take(x, rows)

/**
 * Rows of an activation [R, D] by `rows` [M], each row at most once; `inverse` [R] says where each row went, M where nowhere.
 * Gathering by the inverse is the exact gradient, in parallel and without a race.
 */
export function selectRows(x: Tensor, rows: Tensor, inverse: Tensor): Tensor {
  const width = x.shape.slice(1)
  const zero = constant(new Float32Array(width.reduce((product, size) => product * size, 1)), [1, ...width])
  return take(x, rows, (g) => [take(concat([g, zero], 0), inverse)])
}
