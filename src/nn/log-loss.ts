/** @file The log loss of probabilities that are given as logits. */
import { add, mul, softplus, sub } from '../tensor/elementwise.ts'
import type { Tensor } from '../tensor/node.ts'
import { sum } from '../tensor/reduce.ts'

/**
 * sum of weight * (ln(1 + e^x) - y x), a scalar: the negative log-likelihood of labels y [B] given logits x [B]
 * (Diff-MSIN, eq. 18); with weights that add up to 1 it is the mean. The runtime's softplus does not overflow: it is x
 * itself where x is large.
 */
export function logLoss(logit_B: Tensor, label_B: Tensor, weight_B: Tensor): Tensor {
  return sum(mul(weight_B, add(softplus(logit_B), mul(sub(0, label_B), logit_B))))
}
