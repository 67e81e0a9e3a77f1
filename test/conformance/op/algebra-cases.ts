/** @file Cases of products, matrices and Fourier transforms. */
import * as fc from 'fast-check'
import { add } from '../../../src/tensor/elementwise.ts'
import { matmul } from '../../../src/tensor/linear.ts'
import { det, inverse, logDet } from '../../../src/tensor/matrix.ts'
import { constant, type Tensor } from '../../../src/tensor/node.ts'
import { dft, fromRealSpectrum, realSpectrum } from '../../../src/tensor/spectrum.ts'
import type { OperatorCase } from './check-operator.ts'
import { at, type NumberArray, product, rowwise, shaped, tabulate } from './naive.ts'
import { matrices, shapeOf } from './shapes.ts'

/** Square matrices with a large diagonal, which are far from singular. */
const square3 = shapeOf(0, 2).map((lead) => [[...lead, 3, 3]])
const regular = (x: NumberArray): NumberArray => tabulate(x.shape, (i) => at(x, i) + (i.at(-1) === i.at(-2) ? 5 : 0))
const diagonal = (x: Tensor): Tensor => add(x, constant(Float32Array.of(5, 0, 0, 0, 5, 0, 0, 0, 5), [3, 3]))
/** The element at a row and a column of 3 x 3 values, around the edges too. */
const element = (m: readonly number[], row: number, column: number): number => m[3 * (row % 3) + (column % 3)]!
const cofactor = (m: readonly number[], row: number, column: number): number =>
  element(m, row + 1, column + 1) * element(m, row + 2, column + 2) -
  element(m, row + 1, column + 2) * element(m, row + 2, column + 1)
const determinant = (m: readonly number[]): number =>
  [0, 1, 2].reduce((all, column) => all + m[column]! * cofactor(m, 0, column), 0)
/** Each 3 x 3 matrix by a function of its values. */
const matrixwise = (
  x: NumberArray,
  shape: readonly number[],
  change: (m: readonly number[]) => number[],
): NumberArray => ({
  shape,
  values: rowwise(shaped(regular(x), [...x.shape.slice(0, -2), 9]), change).values,
})

/** x x^T + 1, positive definite. */
const gram = (x: NumberArray): NumberArray => {
  const whole = product(x, x, { transposeB: true })
  return tabulate(whole.shape, (i) => at(whole, i) + (i.at(-1) === i.at(-2) ? 1 : 0))
}
const identity = (size: number): Tensor =>
  constant(
    Float32Array.from({ length: size * size }, (_, place) => (place % (size + 1) === 0 ? 1 : 0)),
    [size, size],
  )
/** The sum of the logarithms of the pivots of n x n values. */
const logOfPivots = (values: readonly number[]): number => {
  const [left, size] = [[...values], Math.sqrt(values.length)]
  let sum = 0
  for (let pivot = 0; pivot < size; pivot++) {
    sum += Math.log(left[pivot * size + pivot]!)
    for (let row = pivot + 1; row < size; row++) {
      const share = left[row * size + pivot]! / left[pivot * size + pivot]!
      for (let column = 0; column < size; column++) left[row * size + column]! -= share * left[pivot * size + column]!
    }
  }
  return sum
}

/** The transform of pairs along the axis -3 of [.., L, D, 2], as a loop over times. */
const transform = (x: NumberArray, sign: number, factor: (length: number) => number): NumberArray =>
  tabulate(x.shape, (i) => {
    const length = x.shape.at(-3)!
    let sum = 0
    for (let time = 0; time < length; time++) {
      const angle = (sign * 2 * Math.PI * i.at(-3)! * time) / length
      const [real, imaginary] = [0, 1].map((part) => at(x, [...i.slice(0, -3), time, i.at(-2)!, part])) as [
        number,
        number,
      ]
      sum +=
        i.at(-1) === 0
          ? real * Math.cos(angle) - imaginary * Math.sin(angle)
          : real * Math.sin(angle) + imaginary * Math.cos(angle)
    }
    return sum * factor(length)
  })
const complex = shapeOf(2, 3).map((lead) => [[...lead, 2]])
/** The real or imaginary part of the first frequencies of a real sequence [.., L, D], orthonormal. */
const halfSpectrum = (x: NumberArray, part: number): NumberArray => {
  const length = x.shape.at(-2)!
  const pairs = tabulate([...x.shape, 2], (i) => (i.at(-1) === 0 ? at(x, i.slice(0, -1)) : 0))
  const whole = transform(pairs, -1, () => 1 / Math.sqrt(length))
  const frequencies = Math.floor(length / 2) + 1
  return tabulate([...x.shape.slice(0, -2), frequencies, x.shape.at(-1)!], (i) => at(whole, [...i, part]))
}

/** By the operator's name, and what is special. */
export const algebra: Record<string, OperatorCase> = {
  det: {
    shapes: square3,
    build: (x) => det(diagonal(x)),
    naive: (x) => matrixwise(x, x.shape.slice(0, -2), (m) => [determinant(m)]),
  },
  inverse: {
    shapes: square3,
    build: (x) => inverse(diagonal(x)),
    naive: (x) =>
      matrixwise(x, x.shape, (m) => [...m.keys()].map((i) => cofactor(m, i % 3, Math.floor(i / 3)) / determinant(m))),
  },
  'logDet of small and larger matrices': {
    shapes: fc.tuple(shapeOf(0, 1), fc.constantFrom(1, 4, 5, 9)).map(([lead, size]) => [[...lead, size, 2]]),
    build: (x) => logDet(add(matmul(x, x, { transposeB: true }), identity(x.shape.at(-2)!))),
    naive: (x) => {
      const whole = gram(x)
      const [lead, size] = [whole.shape.slice(0, -2), whole.shape.at(-1)!]
      return { shape: lead, values: rowwise(shaped(whole, [...lead, size ** 2]), (m) => [logOfPivots(m)]).values }
    },
  },
  'dft of complex numbers': {
    shapes: complex,
    build: (x) => dft(x, { axis: -3 }),
    naive: (x) => transform(x, -1, () => 1),
  },
  'dft back from a spectrum': {
    shapes: complex,
    build: (x) => dft(x, { axis: -3, inverse: true }),
    naive: (x) => transform(x, 1, (length) => 1 / length),
  },
  'realSpectrum in its real part': {
    shapes: shapeOf(2, 3).map((shape) => [shape]),
    build: (x) => realSpectrum(x).real,
    naive: (x) => halfSpectrum(x, 0),
  },
  'realSpectrum in its imaginary part': {
    shapes: shapeOf(2, 3).map((shape) => [shape]),
    build: (x) => realSpectrum(x).imaginary,
    naive: (x) => halfSpectrum(x, 1),
  },
  'fromRealSpectrum of a spectrum': {
    shapes: shapeOf(2, 3).map((shape) => [shape]),
    build: (x) => fromRealSpectrum(realSpectrum(x), x.shape.at(-2)!),
    naive: (x) => x,
  },
}

/** `matmul` by its options. */
export const products: Record<string, OperatorCase> = Object.fromEntries(
  [false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB) =>
      [1, -0.5].map((scale): [string, OperatorCase] => {
        const options = { transposeA, transposeB, scale }
        return [
          JSON.stringify(options),
          {
            shapes: matrices(options),
            build: (a, b) => matmul(a, b, options),
            naive: (a, b) => product(a, b, options),
          },
        ]
      }),
    ),
  ),
)
