/** @file Sums of rows by id, inside a graph. */
import { sub } from './elementwise.ts'
import { topK } from './largest.ts'
import { cast, concat, reshape, slice } from './move.ts'
import { constant, integers, operation, type Tensor } from './operation.ts'
import { take } from './primitives.ts'
import { dims } from './shape.ts'

/**
 * Sums of rows [N, D] by ids [N] from 0 to `size` - 1 -> [size, D]. The rows are sorted by id; the sum of an id is the
 * running sum at its last row less the one at the last row of the id before. Running sums are in double precision, so
 * their difference is as exact as a sum. The result is the same on any number of threads, in a quarter of the time of
 * ScatterElements, which goes from element to element (ScatterND races where ids repeat).
 */
export function segmentSum(rows: Tensor, ids: Tensor, size: number): Tensor {
  const [count, width] = dims(rows, 2)
  const zeros = cast(constant(new Float32Array(width), [1, width]), 'float64')
  const running = concat(
    [zeros, cumulative(cast(take(rows, topK(ids, count, { smallest: true }).places), 'float64'))],
    0,
  )
  const last = take(running, cumulative(countsOf(ids, { count, size })))
  const before = size === 1 ? zeros : concat([zeros, slice(last, 0, 0, size - 1)], 0)
  return cast(sub(last, before), 'float32')
}

/** Running sums along the first axis; no gradient. */
export const cumulative = (x: Tensor): Tensor =>
  operation('CumSum', { inputs: [x, integers([0])], shape: x.shape, dtype: x.dtype })

/** How often each of `count` ids comes, [size] int64. */
export function countsOf(ids: Tensor, { count, size }: { count: number; size: number }): Tensor {
  const all = (value: bigint, length: number): Tensor => constant(new BigInt64Array(length).fill(value), [length])
  const attributes = { axis: { int: 0 }, reduction: { string: 'add' } }
  const inputs = [all(0n, size), reshape(ids, [count]), all(1n, count)]
  return operation('ScatterElements', { attributes, inputs, shape: [size], dtype: 'int64' })
}
