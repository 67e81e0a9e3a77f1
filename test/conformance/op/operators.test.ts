import { describe, expect, it } from 'vitest'
import {
  add,
  addAll,
  below,
  div,
  exp,
  gelu,
  greater,
  log,
  mul,
  neg,
  relu,
  sigmoid,
  softplus,
  sqrt,
  square,
  sub,
  tanh,
  where,
} from '../../../src/tensor/elementwise.ts'
import { rowsOf } from '../../../src/tensor/gather.ts'
import * as exported from '../../../src/tensor/index.ts'
import { matmul } from '../../../src/tensor/linear.ts'
import { cast, concat, expand, pad, reshape, slice, split, sumTo, transpose } from '../../../src/tensor/move.ts'
import { integers, scalar, type Tensor } from '../../../src/tensor/node.ts'
import { layerNorm, softmax, standardize } from '../../../src/tensor/normalize.ts'
import { mean, sum, sumSquares } from '../../../src/tensor/reduce.ts'
import { checkOperator, type OperatorCase } from './check-operator.ts'
import {
  at,
  broadcast,
  each,
  ending,
  erf,
  type NumberArray,
  normalizedRow,
  product,
  rowwise,
  shaped,
  softmaxRow,
  tabulate,
  total,
} from './naive.ts'
import { alike, broadcasting, matrices, one, rows, shapeOf } from './shapes.ts'

const sizeOf = (shape: readonly number[]): number => shape.reduce((all, size) => all * size, 1)
const all = (x: { shape: readonly number[] }): number[] => x.shape.map((_, axis) => axis)
const sigma = (x: number): number => 1 / (1 + Math.exp(-x))
const scaled = (x: NumberArray, by: number): NumberArray => each((value) => value * by)(x)

const elementwise: Record<string, OperatorCase> = {
  add: { shapes: broadcasting(2), build: add, naive: each((a, b) => a + b) },
  'add a number': { shapes: one, build: (x) => add(1.5, x), naive: each((x) => 1.5 + x) },
  sub: { shapes: broadcasting(2), build: sub, naive: each((a, b) => a - b) },
  'sub from a number': { shapes: one, build: (x) => sub(1, x), naive: each((x) => 1 - x) },
  mul: { shapes: broadcasting(2), build: mul, naive: each((a, b) => a * b) },
  'mul by itself': { shapes: one, build: (x) => mul(x, x), naive: each((x) => x * x) },
  div: { shapes: broadcasting(2), build: div, naive: each((a, b) => a / b), range: [0.5, 2] },
  'div of a number': { shapes: one, build: (x) => div(2, x), naive: each((x) => 2 / x), range: [0.5, 2] },
  addAll: { shapes: alike(3), build: (...x) => addAll(x), naive: each((a, b, c) => a + b + c) },
  neg: { shapes: one, build: neg, naive: each((x) => -x) },
  exp: { shapes: one, build: exp, naive: each(Math.exp) },
  log: { shapes: one, build: log, naive: each(Math.log), positive: true },
  sqrt: { shapes: one, build: sqrt, naive: each(Math.sqrt), positive: true },
  square: { shapes: one, build: square, naive: each((x) => x * x) },
  sigmoid: { shapes: one, build: sigmoid, naive: each(sigma) },
  tanh: { shapes: one, build: tanh, naive: each(Math.tanh) },
  softplus: { shapes: one, build: softplus, naive: each((x) => Math.log1p(Math.exp(x))) },
  relu: { shapes: one, build: relu, naive: each((x) => Math.max(0, x)) },
  gelu: { shapes: one, build: gelu, naive: each((x) => (x / 2) * (1 + erf(x / Math.SQRT2))), range: [0, 3] },
  below: { shapes: one, build: below, naive: each((x) => Number(x < 0)), forwardOnly: true },
  greater: { shapes: broadcasting(2), build: greater, naive: each((a, b) => Number(a > b)), forwardOnly: true },
  where: {
    shapes: broadcasting(3),
    build: (c, a, b) => add(where(greater(c, 0), a, b), mul(c, 0)),
    naive: each((c, a, b) => (c > 0 ? a : b)),
  },
  'where a number else': {
    shapes: broadcasting(2),
    build: (c, a) => where(greater(c, 0.5), a, mul(c, 2)),
    naive: each((c, a) => (c > 0.5 ? a : 2 * c)),
    range: [0.6, 2],
  },
}

const doubled = (x: Tensor): Tensor => reshape(x, [2, sizeOf(x.shape) / 2])
const even = shapeOf(1, 3).map((shape) => [[...shape, 2]])

const moving: Record<string, OperatorCase> = {
  'reshape to a known size': { shapes: even, build: doubled, naive: (x) => shaped(x, [2, x.values.length / 2]) },
  'reshape with -1': { shapes: one, build: (x) => reshape(x, [1, -1]), naive: (x) => shaped(x, [1, x.values.length]) },
  'transpose of the last two': {
    shapes: shapeOf(2, 4).map((shape) => [shape]),
    build: (x) => transpose(x),
    naive: (x) =>
      tabulate([...x.shape.slice(0, -2), x.shape.at(-1)!, x.shape.at(-2)!], (i) =>
        at(x, [...i.slice(0, -2), i.at(-1)!, i.at(-2)!]),
      ),
  },
  'transpose in a given order': {
    shapes: shapeOf(3, 3).map((shape) => [shape]),
    build: (x) => transpose(x, [2, 0, 1]),
    naive: (x) => tabulate([x.shape[2]!, x.shape[0]!, x.shape[1]!], ([c, a, b]) => at(x, [a!, b!, c!])),
  },
  slice: {
    shapes: even,
    build: (x) => slice(x, -1, 1, 2),
    naive: (x) => tabulate(ending(x.shape, 1), (i) => at(x, ending(i, 1))),
  },
  'slice of everything': { shapes: rows, build: (x) => mul(slice(x, 0, 0, x.shape[0]!), 1), naive: (x) => x },
  // The middle part is left unread: it has no gradient to give back.
  split: {
    shapes: shapeOf(0, 2).map((shape) => [[4, ...shape]]),
    build: (x) => {
      const [first, , last] = split(x, 0, [1, 1, 2]) as [Tensor, Tensor, Tensor]
      return concat([mul(last, 3), first], 0)
    },
    naive: (x) =>
      tabulate(x.shape.with(0, 3), ([first, ...rest]) =>
        first === 2 ? at(x, [0, ...rest]) : 3 * at(x, [first! + 2, ...rest]),
      ),
  },
  pad: {
    shapes: rows,
    build: (x) => pad(x, 0, 2, 1),
    naive: (x) =>
      tabulate(x.shape.with(0, x.shape[0]! + 3), ([first, ...rest]) =>
        first! >= 2 && first! < 2 + x.shape[0]! ? at(x, [first! - 2, ...rest]) : 0,
      ),
  },
  concat: {
    shapes: shapeOf(1, 3).map((shape) => [shape, ending(shape, 3), ending(shape, 1)]),
    build: (...x) => concat(x, -1),
    naive: (...x) => {
      const [a, b] = x.map(({ shape }) => shape.at(-1)!) as [number, number]
      return tabulate(ending(x[0]!.shape, a + b + 1), (i) => {
        const last = i.at(-1)!
        return last < a ? at(x[0]!, i) : last < a + b ? at(x[1]!, ending(i, last - a)) : at(x[2]!, ending(i, 0))
      })
    },
  },
  'concat of one tensor twice': {
    shapes: rows,
    build: (x) => concat([x, x], 0),
    naive: (x) =>
      tabulate(x.shape.with(0, 2 * x.shape[0]!), ([first, ...rest]) => at(x, [first! % x.shape[0]!, ...rest])),
  },
  expand: {
    shapes: broadcasting(2),
    build: (a, b) => mul(expand(a, broadcast(a.shape, b.shape)), expand(b, broadcast(a.shape, b.shape))),
    naive: each((a, b) => a * b),
  },
  sumTo: {
    shapes: shapeOf(2, 4).map((shape) => [shape]),
    build: (x) => sumTo(x, [1, x.shape.at(-1)!]),
    naive: (x) => shaped(total(x, all(x).slice(0, -1)), [1, x.shape.at(-1)!]),
  },
  cast: {
    shapes: one,
    build: (x) => cast(greater(x, 0), 'float32'),
    naive: each((x) => Number(x > 0)),
    forwardOnly: true,
  },
  rowsOf: {
    shapes: shapeOf(2, 2).map((shape) => [shape]),
    build: (x) => rowsOf(x, integers([0, 0])),
    naive: (x) => tabulate([2, x.shape[1]!], ([, j]) => at(x, [0, j!])),
    forwardOnly: true,
  },
}

const reducing: Record<string, OperatorCase> = {
  'sum of everything': { shapes: one, build: (x) => sum(x), naive: (x) => shaped(total(x, all(x)), []) },
  'sum over the last axis': {
    shapes: rows,
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
    shapes: rows,
    build: (x) => mean(x, [0], { keep: true }),
    naive: (x) => scaled(total(x, [0]), 1 / x.shape[0]!),
  },
  'mean over the last axis': {
    shapes: rows,
    build: (x) => mean(x, [-1]),
    naive: (x) => scaled(shaped(total(x, [x.shape.length - 1]), x.shape.slice(0, -1)), 1 / x.shape.at(-1)!),
  },
  sumSquares: {
    shapes: rows,
    build: sumSquares,
    naive: (x) => shaped(total(each((value) => value ** 2)(x), [x.shape.length - 1]), x.shape.slice(0, -1)),
  },
  softmax: { shapes: rows, build: softmax, naive: (x) => rowwise(x, softmaxRow) },
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

const products: Record<string, OperatorCase> = Object.fromEntries(
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

describe.each(Object.entries({ elementwise, moving, reducing, matmul: products }))('%s', (_, cases) => {
  it.each(Object.entries(cases))('%s is its naive loop, in value, shape and gradient', async (_, operator) => {
    await expect(checkOperator(operator)).resolves.toBeUndefined()
  })
})

describe('the check itself', () => {
  const wrong = async (build: OperatorCase['build']): Promise<void> => {
    await checkOperator({ shapes: rows, build, naive: each((x) => x * x) }, 2).catch((error: unknown) => {
      throw (error as Error).cause
    })
  }

  it('fails on a wrong value', async () => {
    await expect(wrong((x) => mul(x, 2))).rejects.toThrow(/value 0 is/)
  })
  it('fails on a wrong gradient', async () => {
    await expect(wrong((x) => mul(x, exported.stopGradient(x)))).rejects.toThrow(/gradient of argument 0 0 is/)
  })
  it('fails on a wrong shape rule', async () => {
    await expect(wrong((x) => ({ ...mul(x, x), shape: [...x.shape, 1] }))).rejects.toThrow(/to deeply equal/)
  })
})

it('covers every operator that siftrec/tensor exports, here or beside its file', () => {
  const elsewhere = [
    'attention',
    'crossEntropy',
    'gather',
    'gradients',
    'stopGradient',
    'withGradient',
    'constant',
    'input',
    'integers',
    'parameter',
    'scalar',
    'sizeOf',
  ]
  const tested = Object.keys({ ...elementwise, ...moving, ...reducing, matmul: products }).map(
    (name) => name.split(' ')[0],
  )
  expect(Object.keys(exported).filter((name) => !tested.includes(name) && !elsewhere.includes(name))).toEqual([])
  expect(scalar(2).shape).toEqual([])
})
