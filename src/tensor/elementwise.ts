/** @file Operators on each element, with broadcasting: arithmetic, activations, where. */
import { Bug } from '../errors.ts'
import { sumTo } from './move.ts'
import { operation, scalar, type Tensor, withGradient } from './node.ts'
import { broadcastShapes, sameShape } from './shape.ts'

/** A tensor, or a number used as a scalar. */
export type Operand = Tensor | number
const lift = (value: Operand): Tensor => (typeof value === 'number' ? scalar(value) : value)

function binary(
  type: string,
  left: Operand,
  right: Operand,
  rule: (g: Tensor, a: Tensor, b: Tensor) => readonly [() => Tensor, () => Tensor],
): Tensor {
  const [a, b] = [lift(left), lift(right)]
  return operation(type, {
    inputs: [a, b],
    shape: broadcastShapes(a.shape, b.shape),
    gradient: ([g]) => {
      if (!g) return []
      const [forA, forB] = rule(g, a, b)
      // A number never needs its gradient: skip the sums it would cost.
      return [
        typeof left === 'number' ? undefined : sumTo(forA(), a.shape),
        typeof right === 'number' ? undefined : sumTo(forB(), b.shape),
      ]
    },
  })
}

/** a + b. */
export const add = (a: Operand, b: Operand): Tensor => binary('Add', a, b, (g) => [() => g, () => g])
/** a - b. */
export const sub = (a: Operand, b: Operand): Tensor => binary('Sub', a, b, (g) => [() => g, () => neg(g)])
/** a * b. */
export const mul = (a: Operand, b: Operand): Tensor =>
  binary('Mul', a, b, (g, x, y) => [() => mul(g, y), () => mul(g, x)])
/** a / b. */
export const div = (a: Operand, b: Operand): Tensor =>
  binary('Div', a, b, (g, x, y) => [() => div(g, y), () => neg(div(mul(g, x), mul(y, y)))])

/** The sum of same-shaped tensors in one pass. */
export function addAll(terms: readonly Tensor[]): Tensor {
  const [first] = terms as [Tensor]
  if (terms.length === 1) return first
  const other = terms.find(({ shape }) => !sameShape(shape, first.shape))
  if (other) throw new Bug(`addAll of [${first.shape.join(', ')}] and [${other.shape.join(', ')}]`)
  return operation('Sum', { inputs: terms, shape: first.shape, gradient: ([g]) => terms.map(() => g) })
}

function unary(type: string, x: Tensor, rule: (g: Tensor, y: Tensor) => Tensor, domain?: 'com.microsoft'): Tensor {
  const y: Tensor = operation(type, {
    inputs: [x],
    shape: x.shape,
    ...(domain && { domain }),
    gradient: ([g]) => [g && rule(g, y)],
  })
  return y
}

/** -x. */
export const neg = (x: Tensor): Tensor => unary('Neg', x, neg)
/** e^x. */
export const exp = (x: Tensor): Tensor => unary('Exp', x, (g, y) => mul(g, y))
/** ln x. */
export const log = (x: Tensor): Tensor => unary('Log', x, (g) => div(g, x))
/** The square root. */
export const sqrt = (x: Tensor): Tensor => unary('Sqrt', x, (g, y) => div(mul(g, 0.5), y))
/** x squared. */
export const square = (x: Tensor): Tensor => withGradient(mul(x, x), [x], (g) => [mul(g, mul(x, 2))])
/** 1 / (1 + e^-x). */
export const sigmoid = (x: Tensor): Tensor => unary('Sigmoid', x, (g, y) => mul(g, mul(y, sub(1, y))))
/** The hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => unary('Tanh', x, (g, y) => mul(g, sub(1, mul(y, y))))
/** ln(1 + e^x). */
export const softplus = (x: Tensor): Tensor => unary('Softplus', x, (g) => mul(g, sigmoid(x)))
/** max(0, x). */
export const relu = (x: Tensor): Tensor => unary('Relu', x, (g, y) => mul(g, above(y)))
/** A ramp so steep that it is a step: one pass, where comparing and choosing take several; no gradient. */
const step = (x: Tensor, slope: number): Tensor =>
  operation('HardSigmoid', { attributes: { alpha: { float: slope }, beta: { float: 0 } }, inputs: [x], shape: x.shape })
/** 1 where x is below 0, else 0; no gradient. */
export const below = (x: Tensor): Tensor => step(x, -3e38)
/** 1 where x is above 0, else 0. */
const above = (x: Tensor): Tensor => step(x, 3e38)
const erf = (x: Tensor): Tensor => unary('Erf', x, (g) => mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))))

/** x times the normal distribution function of x (exact GELU). Its gradient is ordered for the fewest passes over memory. */
export function gelu(x: Tensor): Tensor {
  return unary(
    'Gelu',
    x,
    (g) => {
      const z = mul(x, Math.SQRT1_2)
      const density = mul(mul(z, 1 / Math.sqrt(Math.PI)), exp(neg(mul(z, z))))
      return mul(g, operation('Sum', { inputs: [mul(erf(z), 0.5), density, scalar(0.5)], shape: x.shape }))
    },
    'com.microsoft',
  )
}

/** a > b as bool; no gradient. */
export function greater(a: Operand, b: Operand): Tensor {
  const [left, right] = [lift(a), lift(b)]
  return operation('Greater', { inputs: [left, right], shape: broadcastShapes(left.shape, right.shape), dtype: 'bool' })
}

/** `yes` where the condition holds, else `no`. */
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
