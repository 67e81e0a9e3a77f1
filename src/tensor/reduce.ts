/** @file Operators that reduce axes: sum and mean. */

import { mul } from './elementwise.ts'
import { expand, reshape } from './move.ts'
import { integers, operation, type Shape, sizeOf, type Tensor } from './node.ts'
import { frontAxis } from './shape.ts'

interface ReduceOptions {
  readonly keep?: boolean
}

const allAxes = (x: Tensor): number[] => x.shape.map((_, axis) => axis)

function reduced(shape: Shape, axes: readonly number[]): { kept: number[]; dropped: number[] } {
  return {
    kept: shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
    dropped: shape.filter((_, axis) => !axes.includes(axis)),
  }
}

function reduce(
  type: string,
  x: Tensor,
  axes: readonly number[],
  keep: boolean,
  gradient?: (g: Tensor, kept: Shape) => Tensor,
): Tensor {
  const along = axes.map((axis) => frontAxis(axis, x.shape.length))
  const { kept, dropped } = reduced(x.shape, along)
  return operation(type, {
    attributes: { keepdims: { int: keep ? 1 : 0 } },
    inputs: [x, integers(along)],
    shape: keep ? kept : dropped,
    gradient: gradient && (([g]) => [g && gradient(g, kept)]),
  })
}

/** The sum over axes (all by default). */
export function sum(x: Tensor, axes: readonly number[] = allAxes(x), { keep = false }: ReduceOptions = {}): Tensor {
  if (axes.length === 0) return x
  return reduce('ReduceSum', x, axes, keep, (g, kept) => expand(reshape(g, kept), x.shape))
}

/** The mean over axes (all by default). */
export function mean(x: Tensor, axes: readonly number[] = allAxes(x), { keep = false }: ReduceOptions = {}): Tensor {
  return reduce('ReduceMean', x, axes, keep, (g, kept) =>
    mul(expand(reshape(g, kept), x.shape), sizeOf(kept) / sizeOf(x.shape)),
  )
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
