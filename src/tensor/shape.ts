/** @file Shape arithmetic: broadcasting and axes. */
import { Bug } from '../errors.ts'
import type { Shape } from './operation.ts'

/** The shape two operands broadcast to (NumPy's rule, which ONNX shares). @throws Bug when they do not fit. */
export function broadcastShapes(left: Shape, right: Shape): Shape {
  const rank = Math.max(left.length, right.length)
  return Array.from({ length: rank }, (_, axis) => {
    const a = left[axis - rank + left.length] ?? 1
    const b = right[axis - rank + right.length] ?? 1
    if (a !== b && a !== 1 && b !== 1)
      throw new Bug(`shapes [${left.join(', ')}] and [${right.join(', ')}] do not broadcast`)
    return a === 1 ? b : a
  })
}

/** The axes over which `from` must be summed to give a gradient of shape `to`, which broadcast to it. */
export function broadcastAxes(from: Shape, to: Shape): number[] {
  const offset = from.length - to.length
  return from.flatMap((size, axis) => (axis < offset || (to[axis - offset] === 1 && size !== 1) ? [axis] : []))
}

/** An axis counted from the front, whatever its sign. @throws Bug when out of range. */
export function frontAxis(axis: number, rank: number): number {
  const front = axis < 0 ? axis + rank : axis
  if (front < 0 || front >= rank) throw new Bug(`axis ${axis} of a tensor of rank ${rank}`)
  return front
}

/** Whether two shapes are the same. */
export const sameShape = (left: Shape, right: Shape): boolean =>
  left.length === right.length && left.every((size, axis) => size === right[axis])

/** A list of as many sizes as the rank says. */
interface Sizes {
  1: [number]
  2: [number, number]
  3: [number, number, number]
  4: [number, number, number, number]
}

/** The sizes of a tensor of a known rank. @throws Bug when it has another rank */
export function dims<Rank extends keyof Sizes>({ shape }: { readonly shape: Shape }, rank: Rank): Sizes[Rank] {
  if (shape.length !== rank)
    throw new Bug(`a tensor of rank ${rank} was expected, not shape [${shape.join(', ')}] of rank ${shape.length}`)
  return [...shape] as Sizes[Rank]
}
