/** @file Cases of the operators on each element. */
import { and, equal, greater, lessOrEqual, not, or, where } from '../../../src/tensor/compare.ts'
import { reverseGradient, straightThrough } from '../../../src/tensor/custom-gradient.ts'
import {
  add,
  addAll,
  below,
  cos,
  div,
  elu,
  elu1,
  exp,
  gelu,
  log,
  mul,
  neg,
  relu,
  sigmoid,
  sin,
  softplus,
  sqrt,
  square,
  sub,
  tanh,
} from '../../../src/tensor/elementwise.ts'
import { cast } from '../../../src/tensor/move.ts'
import { scalar, type Tensor } from '../../../src/tensor/node.ts'
import type { OperatorCase } from './check-operator.ts'
import { each, erf } from './naive.ts'
import { alike, broadcasting, one } from './shapes.ts'

const sigma = (x: number): number => 1 / (1 + Math.exp(-x))

/** 1 where x is above 0, else 0: values with ties, as int64. */
const rounded = (x: Tensor): Tensor => cast(greater(x, 0), 'int64')
/** By the operator's name, and what is special. */
export const elementwise: Record<string, OperatorCase> = {
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
  cos: { shapes: one, build: cos, naive: each(Math.cos) },
  sin: { shapes: one, build: sin, naive: each(Math.sin) },
  elu: { shapes: one, build: elu, naive: each((x) => (x > 0 ? x : Math.expm1(x))) },
  elu1: { shapes: one, build: elu1, naive: each((x) => (x > 0 ? x + 1 : Math.exp(x))) },
  reverseGradient: {
    shapes: one,
    // Reversed twice, so that finite differences agree.
    build: (x) => reverseGradient(reverseGradient(square(x), 4), scalar(0.25)),
    naive: each((x) => x * x),
  },
  straightThrough: {
    shapes: one,
    build: (x) => straightThrough(cast(greater(x, 0), 'float32'), x),
    naive: each((x) => Number(x > 0)),
    slope: each((x) => x),
  },
  below: { shapes: one, build: below, naive: each((x) => Number(x < 0)), forwardOnly: true },
  greater: { shapes: broadcasting(2), build: greater, naive: each((a, b) => Number(a > b)), forwardOnly: true },
  equal: {
    shapes: broadcasting(2),
    build: (a, b) => equal(rounded(a), rounded(b)),
    naive: each((a, b) => Number(a > 0 === b > 0)),
    forwardOnly: true,
  },
  lessOrEqual: {
    shapes: broadcasting(2),
    build: (a, b) => lessOrEqual(rounded(a), rounded(b)),
    naive: each((a, b) => Number(a <= 0 || b > 0)),
    forwardOnly: true,
  },
  and: {
    shapes: broadcasting(2),
    build: (a, b) => and(greater(a, 0), greater(b, 0)),
    naive: each((a, b) => Number(a > 0 && b > 0)),
    forwardOnly: true,
  },
  or: {
    shapes: broadcasting(2),
    build: (a, b) => or(greater(a, 0), greater(b, 0)),
    naive: each((a, b) => Number(a > 0 || b > 0)),
    forwardOnly: true,
  },
  not: { shapes: one, build: (a) => not(greater(a, 0)), naive: each((a) => Number(a <= 0)), forwardOnly: true },
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
