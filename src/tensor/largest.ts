/** @file Which values of a row are its largest: an exact number of them, ties included. */
import { reshape } from './move.ts'
import { constant, integers, operation, operations, sizeOf, type Tensor } from './node.ts'

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
  const [values, places] = operations('TopK', {
    attributes: { axis: { int: 1 }, largest: { int: 1 }, sorted: { int: 1 } },
    inputs: [backwards, integers([kept])],
    shapes: [
      [rows, kept],
      [rows, kept],
    ],
  }) as [Tensor, Tensor]
  const from = operation('Sub', { inputs: [integers([length - 1]), places], shape: values.shape, dtype: 'int64' })
  const [zeros, ones] = [new Float32Array(rows * length), new Float32Array(rows * kept).fill(1)]
  const made = operation('ScatterElements', {
    attributes: { axis: { int: 1 } },
    inputs: [constant(zeros, [rows, length]), from, constant(ones, [rows, kept])],
    shape: [rows, length],
  })
  return reshape(made, x.shape)
}
