/** @file Operators on each element, with broadcasting: arithmetic, functions, activations. */
import { Bug } from '../errors.ts'
import { operation, scalar, type Tensor, withGradient } from './operation.ts'
import { lift, type Operand, sumTo } from './primitives.ts'
import { broadcastShapes, sameShape } from './shape.ts'

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
/** The cosine of x, in radians. */
export const cos = (x: Tensor): Tensor => unary('Cos', x, (g) => neg(mul(g, sin(x))))
/** The sine of x, in radians. */
export const sin = (x: Tensor): Tensor => unary('Sin', x, (g) => mul(g, cos(x)))
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
/** e^min(x, 0), the slope of ELU: relu(-x) keeps e^x from overflowing. */
const slopeOfElu = (x: Tensor): Tensor => exp(neg(relu(neg(x))))
/** x where x is above 0, else e^x - 1 (Clevert et al., 2016). */
export const elu = (x: Tensor): Tensor => unary('Elu', x, (g) => mul(g, slopeOfElu(x)))
/** ELU + 1: x + 1 where x is above 0, else e^x; positive as long as e^x is, where 1 + elu(x) would round to 0. */
export function elu1(x: Tensor): Tensor {
  const slope = slopeOfElu(x)
  return withGradient(add(relu(x), slope), [x], (g) => [mul(g, slope)])
}
/** A step as a steep ramp: one pass over memory, where a comparison and a choice take several. No gradient. */
const step = (x: Tensor, slope: number): Tensor =>
  operation('HardSigmoid', { attributes: { alpha: { float: slope }, beta: { float: 0 } }, inputs: [x], shape: x.shape })
/** 1 where x is below 0, else 0; no gradient. */
export const below = (x: Tensor): Tensor => step(x, -3e38)
/** 1 where x is above 0, else 0. */
const above = (x: Tensor): Tensor => step(x, 3e38)
const erf = (x: Tensor): Tensor => unary('Erf', x, (g) => mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))))

/** x times the normal distribution function of x (exact GELU); its gradient takes the fewest passes over memory. */
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
