/** @file Which values of a row are its largest, and what they are. */
import { Bug } from '../errors.ts'
import { constant, integers, operation, operations, sizeOf, type Tensor } from './operation.ts'
import { reshape } from './primitives.ts'
import { frontAxis } from './shape.ts'

/** The place of the largest value along one axis, of equal ones the first: x [.., L] -> [..] int64. No gradient. */
export function argmax(x: Tensor, axis = -1): Tensor {
  const along = frontAxis(axis, x.shape.length)
  return operation('ArgMax', {
    attributes: { axis: { int: along }, keepdims: { int: 0 } },
    inputs: [x],
    shape: x.shape.toSpliced(along, 1),
    dtype: 'int64',
  })
}

/** Which end {@link topK} takes, along which axis. */
export interface TopOptions {
  readonly axis?: number
  /** The smallest, ascending, instead of the largest, descending. */
  readonly smallest?: boolean
}

/**
 * The `count` largest along an axis (the last by default) in descending order, of equal ones the first in front:
 * values, whose gradient returns to their places, and places int64, both [.., count, ..].
 */
export function topK(
  x: Tensor,
  count: number,
  { axis = -1, smallest = false }: TopOptions = {},
): { readonly values: Tensor; readonly places: Tensor } {
  const along = frontAxis(axis, x.shape.length)
  if (count > (x.shape[along] as number))
    throw new Bug(`topK of ${count} along axis ${axis} of [${x.shape.join(', ')}]`)
  const shape = x.shape.with(along, count)
  const [values, places] = operations('TopK', {
    attributes: { axis: { int: along }, largest: { int: smallest ? 0 : 1 }, sorted: { int: 1 } },
    inputs: [x, integers([count])],
    shapes: [shape, shape],
    dtype: [x.dtype, 'int64'],
    gradient: ([g]) => [g && placed(g, places, x.shape, along)],
  }) as [Tensor, Tensor]
  return { values, places }
}

/** Zeros of a shape with values [.., K, ..] put at different places along an axis; no gradient. */
export function placed(values: Tensor, places: Tensor, shape: readonly number[], axis: number): Tensor {
  const zeros = constant(new Float32Array(sizeOf(shape)), shape)
  return operation('ScatterElements', {
    attributes: { axis: { int: axis } },
    inputs: [zeros, places, values],
    shape,
  })
}

/** 1 at the `count` largest of each row of x [.., L], of equal values the later ones, and 0 elsewhere. No gradient. */
export function largest(x: Tensor, count: number): Tensor {
  const length = x.shape.at(-1) as number
  const rows = sizeOf(x.shape) / length
  const kept = Math.min(count, length)
  // Of equal values the runtime takes the first: rows are read backwards.
  const backwards = operation('Slice', {
    inputs: [
      reshape(x, [rows, length]),
      integers([length - 1]),
      integers([-length - 1]),
      integers([1]),
      integers([-1]),
    ],
    shape: [rows, length],
  })
  const { places } = topK(backwards, kept)
  const from = operation('Sub', { inputs: [integers([length - 1]), places], shape: places.shape })
  const ones = constant(new Float32Array(rows * kept).fill(1), [rows, kept])
  return reshape(placed(ones, from, [rows, length], 1), x.shape)
}
