/** @file Cases of the operators that move values. */
import { greater } from '../../../src/tensor/compare.ts'
import { mul } from '../../../src/tensor/elementwise.ts'
import {
  cast,
  concat,
  expand,
  pad,
  reshape,
  slice,
  split,
  stack,
  sumTo,
  transpose,
  unsqueeze,
} from '../../../src/tensor/move.ts'
import { integers, type Tensor } from '../../../src/tensor/node.ts'
import { rows } from '../../../src/tensor/rows.ts'
import type { OperatorCase } from './check-operator.ts'
import { at, broadcast, each, ending, type NumberArray, shaped, tabulate, total } from './naive.ts'
import { alike, broadcasting, one, ranked, shapeOf } from './shapes.ts'

const sizeOf = (shape: readonly number[]): number => shape.reduce((all, size) => all * size, 1)
const all = (x: { shape: readonly number[] }): number[] => x.shape.map((_, axis) => axis)
const scaled = (x: NumberArray, by: number): NumberArray => each((value) => value * by)(x)

const doubled = (x: Tensor): Tensor => reshape(x, [2, sizeOf(x.shape) / 2])
const even = shapeOf(1, 3).map((shape) => [[...shape, 2]])

/** By the operator's name, and what is special. */
export const moving: Record<string, OperatorCase> = {
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
  'slice of everything': { shapes: ranked, build: (x) => mul(slice(x, 0, 0, x.shape[0]!), 1), naive: (x) => x },
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
    shapes: ranked,
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
    shapes: ranked,
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
  unsqueeze: {
    shapes: ranked,
    build: (x) => mul(unsqueeze(x, -2), 2),
    naive: (x) => scaled(shaped(x, [...x.shape.slice(0, -1), 1, x.shape.at(-1)!]), 2),
  },
  stack: {
    shapes: alike(3),
    build: (...x) => stack(x, 0),
    naive: (...x) => ({ shape: [3, ...x[0]!.shape], values: x.flatMap(({ values }) => values) }),
  },
  cast: {
    shapes: one,
    build: (x) => cast(greater(x, 0), 'float32'),
    naive: each((x) => Number(x > 0)),
    forwardOnly: true,
  },
  'rows of a parameter': {
    shapes: shapeOf(1, 3).map((shape) => [shape]),
    build: (x) => rows(x, integers([0, 0])),
    naive: (x) => tabulate(x.shape.with(0, 2), ([, ...rest]) => at(x, [0, ...rest])),
  },
  'rows of a computed tensor': {
    shapes: shapeOf(1, 3).map((shape) => [shape]),
    build: (x) => rows(mul(x, 2), integers([0, 0])),
    naive: (x) => tabulate(x.shape.with(0, 2), ([, ...rest]) => 2 * at(x, [0, ...rest])),
  },
}
