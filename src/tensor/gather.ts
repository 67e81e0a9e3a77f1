/** @file Rows by index: from a table (gradient leaves as sparse rows), from a computed table, and from activations (gradient by the inverse index). */
import { Bug } from '../errors.ts'
import { concat, reshape } from './move.ts'
import { constant, operation, sizeOf, type Tensor } from './node.ts'
import { oneHotProduct } from './one-hot.ts'
import { segmentSum } from './segment-sum.ts'

function take(x: Tensor, ids: Tensor, gradient?: (g: Tensor) => readonly [unknown]): Tensor {
  return operation('Gather', {
    attributes: { axis: { int: 0 } },
    inputs: [x, ids],
    shape: [...ids.shape, ...x.shape.slice(1)],
    dtype: x.dtype,
    ...(gradient && { gradient: ([g]) => (g ? (gradient(g) as readonly [Tensor]) : []) }),
  })
}

/** A table of so few rows sums its gradient in the graph: a product with as many columns costs less than handing out every row of it. */
const smallTable = 32

/**
 * Rows of a table [V, ...] by ids, any shape. The gradient of a parameter of more than 32 rows leaves the graph as (ids, rows), see
 * {@link SparseRows}; that of a smaller one is dense.
 */
export function gather(table: Tensor, ids: Tensor): Tensor {
  if (!('kind' in table.origin))
    throw new Bug(
      'gather works on a parameter or an input; use lookup for rows of a computed table, selectRows for those of an activation',
    )
  const [size, ...rest] = table.shape as [number, ...number[]]
  return take(table, ids, (g) => {
    const flat = reshape(ids, [-1])
    if (size > smallTable) return [{ ids: flat, rows: reshape(g, [-1, ...rest]) }]
    return [reshape(oneHotProduct(flat, reshape(g, [-1, sizeOf(rest)]), size), table.shape)]
  })
}

/** Rows of a computed table [V, D] by ids of any shape, as often as they come; the gradient adds up in the graph. */
export function lookup(table: Tensor, ids: Tensor): Tensor {
  const [size, width] = table.shape as [number, number]
  return take(table, ids, (g) => [segmentSum(reshape(g, [-1, width]), reshape(ids, [-1]), size)])
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
