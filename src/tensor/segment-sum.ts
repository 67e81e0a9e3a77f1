/** @file Sums of rows by id, inside a graph. */
import { sub } from './elementwise.ts'
import { cast, concat, reshape, slice } from './move.ts'
import { constant, integers, operation, operations, type Tensor } from './node.ts'

/**
 * Sums of rows [N, D] by ids [N] from 0 to `size` - 1: [size, D]. Sorted by id, what an id has is the running sum at its last row less that at
 * the last of the id before; running sums in double precision, so that the difference is as good as a sum. It is the same on any number of
 * threads, and takes a quarter of the time of ScatterElements, which goes from element to element (ScatterND's repeats race).
 */
export function segmentSum(rows: Tensor, ids: Tensor, size: number): Tensor {
  const [count, width] = rows.shape as [number, number]
  const zeros = cast(constant(new Float32Array(width), [1, width]), 'float64')
  const running = concat([zeros, cumulative(cast(pick(rows, sortedPlaces(ids, count)), 'float64'))], 0)
  const last = pick(running, cumulative(countsOf(ids, { count, size })))
  const before = size === 1 ? zeros : concat([zeros, slice(last, 0, 0, size - 1)], 0)
  return cast(sub(last, before), 'float32')
}

const pick = (x: Tensor, places: Tensor): Tensor =>
  operation('Gather', {
    attributes: { axis: { int: 0 } },
    inputs: [x, places],
    shape: [...places.shape, ...x.shape.slice(1)],
    dtype: x.dtype,
  })
const cumulative = (x: Tensor): Tensor =>
  operation('CumSum', { inputs: [x, integers([0])], shape: x.shape, dtype: x.dtype })

/** The places of ids in ascending order, equal ones in theirs: [N]. */
function sortedPlaces(ids: Tensor, count: number): Tensor {
  const attributes = { axis: { int: 0 }, largest: { int: 0 }, sorted: { int: 1 } }
  const [, places] = operations('TopK', {
    attributes,
    inputs: [ids, integers([count])],
    shapes: [[count], [count]],
    dtype: 'int64',
  })
  return places as Tensor
}

/** How often each id comes: [size]. */
function countsOf(ids: Tensor, { count, size }: { count: number; size: number }): Tensor {
  const all = (value: bigint, length: number): Tensor => constant(new BigInt64Array(length).fill(value), [length])
  const attributes = { axis: { int: 0 }, reduction: { string: 'add' } }
  const inputs = [all(0n, size), reshape(ids, [count]), all(1n, count)]
  return operation('ScatterElements', { attributes, inputs, shape: [size], dtype: 'int64' })
}
