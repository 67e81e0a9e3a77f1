/** @file Operators on truth values: comparisons, logic, and a choice by them. */
import { cast } from './move.ts'
import { constant, operation, type Tensor } from './operation.ts'
import { lift, type Operand, reshape, sumTo } from './primitives.ts'
import { broadcastShapes } from './shape.ts'

/** An operand as a tensor; a number has the element type of what it is compared with. */
const like = (value: Operand, other: Operand): Tensor =>
  typeof value === 'number' && typeof other !== 'number' && other.dtype === 'int64'
    ? constant(BigInt64Array.of(BigInt(value)), [])
    : lift(value)

function comparison(type: string, a: Operand, b: Operand): Tensor {
  const [left, right] = [like(a, b), like(b, a)]
  return operation(type, { inputs: [left, right], shape: broadcastShapes(left.shape, right.shape), dtype: 'bool' })
}

/** a = b as bool, broadcast; no gradient. */
export const equal = (a: Operand, b: Operand): Tensor => comparison('Equal', a, b)
/** 1 where two numbers of x [N] are equal, each and itself among them, else 0: [N, N]; no gradient. */
export const equalPairs = (x_N: Tensor): Tensor => cast(equal(reshape(x_N, [-1, 1]), x_N), 'float32')
/** a > b as bool, broadcast; no gradient. */
export const greater = (a: Operand, b: Operand): Tensor => comparison('Greater', a, b)
/** a <= b as bool, broadcast; no gradient. */
export const lessOrEqual = (a: Operand, b: Operand): Tensor => comparison('LessOrEqual', a, b)
/** Whether both bools hold, broadcast; no gradient. */
export const and = (a: Tensor, b: Tensor): Tensor => comparison('And', a, b)
/** Whether at least one of two bools holds, broadcast; no gradient. */
export const or = (a: Tensor, b: Tensor): Tensor => comparison('Or', a, b)
/** Whether a bool does not hold; no gradient. */
export const not = (a: Tensor): Tensor => operation('Not', { inputs: [a], shape: a.shape })

/** `yes` where the condition holds, else `no`, broadcast. */
export function where(condition: Tensor, yes: Operand, no: Operand): Tensor {
  const [a, b] = [lift(yes), lift(no)]
  return operation('Where', {
    inputs: [condition, a, b],
    shape: broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape)),
    dtype: a.dtype,
    gradient: ([g]) =>
      g
        ? [
            undefined,
            typeof yes === 'number' ? undefined : sumTo(where(condition, g, 0), a.shape),
            typeof no === 'number' ? undefined : sumTo(where(condition, 0, g), b.shape),
          ]
        : [],
  })
}
