/** @file Operators that reduce axes: sum, mean, max, logSumExp, lengths. */
import { equal } from './compare.ts'
import { add, div, exp, mul, sqrt, square, sub } from './elementwise.ts'
import { cast } from './move.ts'
import { integers, operation, sizeOf, type Tensor } from './operation.ts'
import { type Axes, allAxes, expand, type ReduceOptions, reduce, reshape, sum } from './primitives.ts'
import { frontAxis } from './shape.ts'

export { sum } from './primitives.ts'

/** The mean over axes (all by default). */
export function mean(x: Tensor, axes: Axes = allAxes(x), { keep = false }: ReduceOptions = {}): Tensor {
  return reduce('ReduceMean', x, axes, {
    keep,
    gradient: (g, kept) => mul(expand(reshape(g, kept), x.shape), sizeOf(kept) / sizeOf(x.shape)),
  })
}

/** The largest value over axes (all by default); equal ones share its gradient evenly. */
export function max(x: Tensor, axes: Axes = allAxes(x), { keep = false }: ReduceOptions = {}): Tensor {
  return reduce('ReduceMax', x, axes, {
    keep,
    gradient: (g, kept, y) => {
      const reached = cast(equal(x, reshape(y, kept)), 'float32')
      const reduced = kept.flatMap((size, axis) => (size === x.shape[axis] ? [] : [axis]))
      return mul(reached, div(reshape(g, kept), sum(reached, reduced, { keep: true })))
    },
  })
}

/** ln of the sum of e^x over axes (all by default), without overflow. */
export function logSumExp(x: Tensor, axes: Axes = allAxes(x), { keep = false }: ReduceOptions = {}): Tensor {
  return reduce('ReduceLogSumExp', x, axes, {
    keep,
    gradient: (g, kept, y) => mul(exp(sub(x, reshape(y, kept))), reshape(g, kept)),
  })
}

/** The sum of squares over the last axis, x [.., D] -> [..], without writing the squares. */
export function sumSquares(x: Tensor): Tensor {
  const shape = x.shape.slice(0, -1)
  return operation('ReduceSumSquare', {
    attributes: { keepdims: { int: 0 } },
    inputs: [x, integers([-1])],
    shape,
    gradient: ([g]) => [g && mul(x, reshape(mul(g, 2), [...shape, 1]))],
  })
}

/** The length along one axis, kept with size 1; `epsilon` is added to its square, so that zero has a gradient. */
export function norm(x: Tensor, axis = -1, epsilon = 1e-12): Tensor {
  const along = frontAxis(axis, x.shape.length)
  const squares =
    along === x.shape.length - 1
      ? reshape(sumSquares(x), x.shape.with(along, 1))
      : sum(square(x), along, { keep: true })
  return sqrt(add(squares, epsilon))
}

/** x / sqrt(|x|^2 + epsilon): vectors [.., D] of length 1, or less where |x|^2 is not far above epsilon. */
export const l2Normalize = (x: Tensor, epsilon = 1e-12): Tensor => div(x, norm(x, -1, epsilon))
