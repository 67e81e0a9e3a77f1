/** @file Small random shapes for the operators' properties. */
import * as fc from 'fast-check'
import type { Shape } from '../../../src/tensor/node.ts'

const size = fc.integer({ min: 1, max: 4 })

/** A shape of a rank in [min, max]. */
export const shapeOf = (min: number, max: number): fc.Arbitrary<Shape> =>
  fc.array(size, { minLength: min, maxLength: max })

/** One argument of any shape of rank 0 to 4. */
export const one: fc.Arbitrary<readonly Shape[]> = shapeOf(0, 4).map((shape) => [shape])
/** One argument with at least one axis. */
export const ranked: fc.Arbitrary<readonly Shape[]> = shapeOf(1, 4).map((shape) => [shape])

/** What broadcasts to a shape: leading axes dropped, sizes set to 1. */
const narrowed = (shape: Shape): fc.Arbitrary<Shape> =>
  fc
    .tuple(
      fc.integer({ min: 0, max: shape.length }),
      fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
    )
    .map(([dropped, ones]) => shape.map((length, axis) => (ones[axis] ? 1 : length)).slice(dropped))

/** `count` arguments that broadcast together. */
export const broadcasting = (count: number): fc.Arbitrary<readonly Shape[]> =>
  shapeOf(0, 4).chain((shape) => fc.tuple(...Array.from({ length: count }, () => narrowed(shape))))

/** `count` arguments of one shape. */
export const alike = (count: number): fc.Arbitrary<readonly Shape[]> =>
  shapeOf(0, 3).map((shape) => Array.from({ length: count }, () => shape))

/** Two matrices that multiply, with leading axes that broadcast. */
export const matrices = ({ transposeA = false, transposeB = false } = {}): fc.Arbitrary<readonly Shape[]> =>
  fc.tuple(size, size, size, shapeOf(0, 2)).chain(([m, k, n, lead]) =>
    fc.tuple(narrowed(lead), narrowed(lead)).map(([first, second]) => [
      [...first, ...(transposeA ? [k, m] : [m, k])],
      [...second, ...(transposeB ? [n, k] : [k, n])],
    ]),
  )
