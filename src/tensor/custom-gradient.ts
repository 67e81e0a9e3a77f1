/** @file Values with the gradient of something else: for choices that have none, and for adversaries. */
import { Bug } from '../errors.ts'
import { mul, neg } from './elementwise.ts'
import { type Tensor, withGradient } from './operation.ts'
import type { Operand } from './primitives.ts'
import { sameShape } from './shape.ts'

/** The values of `hard` with the gradient of `soft`, of the same shape (Bengio et al., 2013). */
export function straightThrough(hard: Tensor, soft: Tensor): Tensor {
  if (!sameShape(hard.shape, soft.shape))
    throw new Bug(`straightThrough of [${hard.shape.join(', ')}] and [${soft.shape.join(', ')}]`)
  return withGradient(hard, [soft], (g) => [g])
}

/** The values of x, whose gradient is multiplied by -strength (Ganin & Lempitsky, 2015). */
export function reverseGradient(x: Tensor, strength: Operand = 1): Tensor {
  return withGradient(x, [x], (g) => [typeof strength === 'number' ? mul(g, -strength) : neg(mul(g, strength))])
}
