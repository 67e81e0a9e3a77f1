/** @file The ground operators, which the gradients of others are made of: reshape, expand, sum, take. */
import { Bug } from '../errors.ts'
import { integers, operation, type Shape, scalar, sizeOf, type Tensor } from './operation.ts'
import { broadcastAxes, broadcastShapes, frontAxis, sameShape } from './shape.ts'

/** A tensor, or a number used as a scalar. */
export type Operand = Tensor | number
/** An operand as a tensor. */
export const lift = (value: Operand): Tensor => (typeof value === 'number' ? scalar(value) : value)

/** The same values in another shape; one size may be -1. */
export function reshape(x: Tensor, sizes: Shape): Tensor {
  const known = sizes.reduce((product, size) => (size < 0 ? product : product * size), 1)
  const shape = sizes.map((size) => (size < 0 ? sizeOf(x.shape) / known : size))
  if (sizeOf(shape) !== sizeOf(x.shape) || !shape.every(Number.isInteger))
    throw new Bug(`reshape of [${x.shape.join(', ')}] to [${sizes.join(', ')}]`)
  if (sameShape(shape, x.shape)) return x
  return operation('Reshape', { inputs: [x, integers(shape)], shape, gradient: ([g]) => [g && reshape(g, x.shape)] })
}

/** Broadcasts to a larger shape. */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x
  if (!sameShape(broadcastShapes(x.shape, shape), shape))
    throw new Bug(`expand of [${x.shape.join(', ')}] to [${shape.join(', ')}]`)
  return operation('Expand', { inputs: [x, integers(shape)], shape, gradient: ([g]) => [g && sumTo(g, x.shape)] })
}

/** Sums a gradient back to the shape that was broadcast to it. */
export function sumTo(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient
  return reshape(sum(gradient, broadcastAxes(gradient.shape, shape)), shape)
}

/** One axis or several, negative ones counted from the end. */
export type Axes = number | readonly number[]
/** How an operator that reduces axes leaves them. */
export interface ReduceOptions {
  /** Reduced axes stay, with size 1. */
  readonly keep?: boolean
}
/** All axes of a tensor. */
export const allAxes = (x: Tensor): number[] => x.shape.map((_, axis) => axis)

/** Reduces axes by an ONNX operator; the gradient is given the shape in which reduced axes have size 1. */
export function reduce(
  type: string,
  x: Tensor,
  axes: Axes,
  { keep = false, gradient }: ReduceOptions & { readonly gradient?: (g: Tensor, kept: Shape, y: Tensor) => Tensor },
): Tensor {
  const along = (typeof axes === 'number' ? [axes] : axes).map((axis) => frontAxis(axis, x.shape.length))
  const kept = x.shape.map((size, axis) => (along.includes(axis) ? 1 : size))
  const y: Tensor = operation(type, {
    attributes: { keepdims: { int: keep ? 1 : 0 } },
    inputs: [x, integers(along)],
    shape: keep ? kept : x.shape.filter((_, axis) => !along.includes(axis)),
    gradient: gradient && (([g]) => [g && gradient(g, kept, y)]),
  })
  return y
}

/** The sum over axes (all by default). */
export function sum(x: Tensor, axes: Axes = allAxes(x), { keep = false }: ReduceOptions = {}): Tensor {
  if (typeof axes !== 'number' && axes.length === 0) return x
  return reduce('ReduceSum', x, axes, { keep, gradient: (g, kept) => expand(reshape(g, kept), x.shape) })
}

/** Rows of x [V, ..] by ids of any shape -> [ids, ..], with no gradient; `rows` has one. */
export function take(x: Tensor, ids: Tensor): Tensor {
  return operation('Gather', {
    attributes: { axis: { int: 0 } },
    inputs: [x, ids],
    shape: [...ids.shape, ...x.shape.slice(1)],
    dtype: x.dtype,
  })
}
