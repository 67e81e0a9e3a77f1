/** @file The operators as methods of tensors, so that `x.div(x.norm(-1))` reads as printed. */
import { and, equal, greater, lessOrEqual, not, or, where } from './compare.ts'
import {
  add,
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
} from './elementwise.ts'
import { argmax, topK } from './largest.ts'
import { matmul } from './linear.ts'
import { cast, expand, pad, reshape, slice, split, transpose, unsqueeze } from './move.ts'
import { softmax } from './normalize.ts'
import { stopGradient, type Tensor, tensorPrototype } from './operation.ts'
import { l2Normalize, logSumExp, max, mean, norm, sum, sumSquares } from './reduce.ts'
import { rows } from './rows.ts'

const arithmetic = { add, sub, mul, div, neg, exp, log, sqrt, square, cos, sin }
const activations = { sigmoid, tanh, softplus, relu, gelu, elu, elu1 }
const comparisons = { equal, greater, lessOrEqual, and, or, not, where }
const reductions = { sum, mean, max, logSumExp, sumSquares, norm, l2Normalize, softmax, argmax, topK }
const moves = { reshape, expand, transpose, slice, split, pad, unsqueeze, cast }
const others = { matmul, rows, stopGradient }
const operators = { ...arithmetic, ...activations, ...comparisons, ...reductions, ...moves, ...others }
type Operators = typeof operators

/** The method of an operator: without its first argument, which is the tensor itself. */
type Method<Operator> = Operator extends (x: Tensor, ...rest: infer Rest) => infer Result
  ? (...rest: Rest) => Result
  : never
type Methods = { readonly [Name in keyof Operators]: Method<Operators[Name]> }

declare module './operation.ts' {
  interface Tensor extends Methods {}
}

for (const [name, operator] of Object.entries(operators) as [string, (x: Tensor, ...rest: unknown[]) => unknown][])
  Object.defineProperty(tensorPrototype, name, {
    value(this: Tensor, ...rest: unknown[]) {
      return operator(this, ...rest)
    },
  })
