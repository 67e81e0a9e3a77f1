/** @file Cases of the operators over whole axes: sums, norms, the largest. */
import { mul } from '../../../src/tensor/elementwise.ts'
import { argmax, topK } from '../../../src/tensor/largest.ts'
import { layerNorm, softmax, standardize } from '../../../src/tensor/normalize.ts'
import { l2Normalize, logSumExp, max, mean, norm, sum, sumSquares } from '../../../src/tensor/reduce.ts'
import type { OperatorCase } from './check-operator.ts'
import { each, type NumberArray, normalizedRow, rowwise, shaped, softmaxRow, total } from './naive.ts'
import { one, ranked, shapeOf } from './shapes.ts'

const all = (x: { shape: readonly number[] }): number[] => x.shape.map((_, axis) => axis)
const scaled = (x: NumberArray, by: number): NumberArray => each((value) => value * by)(x)
/** The row's places by their values, largest first. */
const order = (row: readonly number[]): number[] => [...row.keys()].sort((a, b) => row[b]! - row[a]!)

const logSum = (values: readonly number[]): number => Math.log(values.reduce((all, value) => all + Math.exp(value), 0))

/** By the operator's name, and what is special. */
export const reducing: Record<string, OperatorCase> = {
  'sum of everything': { shapes: one, build: (x) => sum(x), naive: (x) => shaped(total(x, all(x)), []) },
  'sum over the last axis': {
    shapes: ranked,
    build: (x) => sum(x, [-1]),
    naive: (x) => shaped(total(x, [x.shape.length - 1]), x.shape.slice(0, -1)),
  },
  'sum over two axes, kept': {
    shapes: shapeOf(2, 4).map((shape) => [shape]),
    build: (x) => sum(x, [0, 1], { keep: true }),
    naive: (x) => total(x, [0, 1]),
  },
  'sum over no axis': { shapes: one, build: (x) => mul(sum(x, []), 2), naive: (x) => scaled(x, 2) },
  'mean of everything': {
    shapes: one,
    build: (x) => mean(x),
    naive: (x) => scaled(shaped(total(x, all(x)), []), 1 / x.values.length),
  },
  'mean over the first axis, kept': {
    shapes: ranked,
    build: (x) => mean(x, [0], { keep: true }),
    naive: (x) => scaled(total(x, [0]), 1 / x.shape[0]!),
  },
  'mean over the last axis': {
    shapes: ranked,
    build: (x) => mean(x, [-1]),
    naive: (x) => scaled(shaped(total(x, [x.shape.length - 1]), x.shape.slice(0, -1)), 1 / x.shape.at(-1)!),
  },
  sumSquares: {
    shapes: ranked,
    build: sumSquares,
    naive: (x) => shaped(total(each((value) => value ** 2)(x), [x.shape.length - 1]), x.shape.slice(0, -1)),
  },
  'max of everything': {
    shapes: one,
    build: (x) => max(x),
    naive: (x) => ({ shape: [], values: [Math.max(...x.values)] }),
  },
  'max over the last axis, kept': {
    shapes: ranked,
    build: (x) => max(x, -1, { keep: true }),
    naive: (x) => rowwise(x, (row) => [Math.max(...row)]),
  },
  'logSumExp of everything': {
    shapes: one,
    build: (x) => logSumExp(x),
    naive: (x) => ({ shape: [], values: [logSum(x.values)] }),
  },
  'logSumExp over the last axis, kept': {
    shapes: ranked,
    build: (x) => logSumExp(x, -1, { keep: true }),
    naive: (x) => rowwise(x, (row) => [logSum(row)]),
  },
  'norm along the last axis': {
    shapes: ranked,
    build: (x) => norm(x),
    naive: (x) => rowwise(x, (row) => [Math.hypot(...row)]),
  },
  'norm along the first axis': {
    shapes: ranked,
    build: (x) => norm(x, 0, 0.1),
    naive: (x) => each((squares) => Math.sqrt(squares + 0.1))(total(each((value) => value ** 2)(x), [0])),
  },
  l2Normalize: {
    shapes: ranked,
    build: (x) => l2Normalize(x, 0.01),
    naive: (x) => rowwise(x, (row) => row.map((value) => value / Math.sqrt(Math.hypot(...row) ** 2 + 0.01))),
  },
  argmax: {
    shapes: ranked,
    build: (x) => argmax(x),
    naive: (x) =>
      shaped(
        rowwise(x, (row) => [order(row)[0]!]),
        x.shape.slice(0, -1),
      ),
    forwardOnly: true,
  },
  'topK values': {
    shapes: shapeOf(0, 3).map((lead) => [[...lead, 5]]),
    build: (x) => topK(x, 2).values,
    naive: (x) =>
      rowwise(x, (row) =>
        order(row)
          .slice(0, 2)
          .map((place) => row[place]!),
      ),
  },
  'topK places, of the smallest': {
    shapes: shapeOf(0, 3).map((lead) => [[...lead, 5]]),
    build: (x) => topK(x, 5, { smallest: true }).places,
    naive: (x) => rowwise(x, (row) => order(row).reverse()),
    forwardOnly: true,
  },
  softmax: { shapes: ranked, build: softmax, naive: (x) => rowwise(x, softmaxRow) },
  layerNorm: {
    shapes: shapeOf(0, 3).map((lead) => [[...lead, 3], [3], [3]]),
    build: (x, scale, shift) => layerNorm(x, scale, shift),
    naive: (x, scale, shift) =>
      each((a, b, c) => a * b + c)(
        rowwise(x, (row) => normalizedRow(row)),
        scale,
        shift,
      ),
  },
  standardize: {
    shapes: shapeOf(0, 3).map((lead) => [[...lead, 3]]),
    build: (x) => standardize(x, 0.1),
    naive: (x) => rowwise(x, (row) => normalizedRow(row, 0.1)),
  },
  'layerNorm with its own epsilon': {
    shapes: shapeOf(1, 2).map((lead) => [[...lead, 4], [4], [4]]),
    build: (x, scale, shift) => layerNorm(x, scale, shift, 0.3),
    naive: (x, scale, shift) =>
      each((a, b, c) => a * b + c)(
        rowwise(x, (row) => normalizedRow(row, 0.3)),
        scale,
        shift,
      ),
  },
}
