/** @file Rows by index, with the gradient that suits where they come from. */
import { add } from './elementwise.ts'
import { concat } from './move.ts'
import { oneHotProduct } from './one-hot.ts'
import { constant, type InputGradient, integers, isLeaf, operation, sizeOf, type Tensor } from './operation.ts'
import { reshape, take } from './primitives.ts'
import { segmentSum } from './segment-sum.ts'

/**
 * For a table of at most so many rows, the gradient is summed in the graph by a one-hot product; that is cheaper than
 * returning one row per id.
 */
const smallTable = 32

/** What is known of the ids that {@link rows} reads. */
export interface RowOptions {
  /**
   * [V] int64: where each row of x went among the ids, their number where it went nowhere. Only for ids that name no
   * row twice: then a gather by the inverse is the exact gradient, in parallel and without a race.
   */
  readonly inverse?: Tensor
}

/**
 * Rows of x [V, ..] by int64 ids of any shape -> [ids, ..]. The gradient adds up what each row is given:
 * - of a parameter it leaves the graph as {@link SparseRows}, or dense where the table is small;
 * - of a computed tensor it is summed in the graph, by id or, given the inverse, by a gather;
 * - an input has none.
 * Nothing of this is in a graph unless a gradient is asked for.
 */
export function rows(x: Tensor, ids: Tensor, { inverse }: RowOptions = {}): Tensor {
  const fixed = isLeaf(x) && x.origin.kind !== 'parameter'
  return operation('Gather', {
    attributes: { axis: { int: 0 } },
    inputs: [x, ids],
    shape: [...ids.shape, ...x.shape.slice(1)],
    dtype: x.dtype,
    ...(!fixed && { gradient: ([g]) => [g && (inverse ? backByInverse(x, inverse, g) : rowSums(x, ids, g))] }),
  })
}

/**
 * The same of each of x [B, L, ..], by places [B, N] within it -> [B, N, ..]. The inverse too has places, [B, L]: where
 * among the N each went.
 */
export function rowsWithin(x: Tensor, places: Tensor, { inverse }: RowOptions = {}): Tensor {
  const [count, length, ...rest] = x.shape as [number, number, ...number[]]
  /** Places of one after the other, `size` of each. */
  const among = (at: Tensor, size: number): Tensor =>
    add(at, reshape(integers(Array.from({ length: count }, (_, one) => one * size)), [count, 1]))
  const flat = inverse && reshape(among(inverse, places.shape[1] as number), [-1])
  return rows(reshape(x, [count * length, ...rest]), among(places, length), flat ? { inverse: flat } : {})
}

function rowSums(x: Tensor, ids: Tensor, g: Tensor): InputGradient {
  const [size, ...rest] = x.shape as [number, ...number[]]
  // Whatever their shape: the runtime would copy what is reshaped on its way out.
  if (isLeaf(x) && size > smallTable) return { ids, rows: g }
  const [flat, width] = [reshape(ids, [-1]), sizeOf(rest)]
  if (!isLeaf(x)) return reshape(segmentSum(reshape(g, [-1, width]), flat, size), x.shape)
  return reshape(oneHotProduct(flat, reshape(g, [-1, width]), size), x.shape)
}

/** The gradient by where each row went: zeros where it went nowhere. */
function backByInverse(x: Tensor, inverse: Tensor, g: Tensor): Tensor {
  const rest = x.shape.slice(1)
  const zero = constant(new Float32Array(sizeOf(rest)), [1, ...rest])
  return take(concat([reshape(g, [-1, ...rest]), zero], 0), inverse)
}
