/**
 * @file gBCE, the generalized binary cross-entropy. Petrov & Macdonald, RecSys 2023 (gSASRec). [bib: gbce] With k
 * negatives drawn uniformly from a catalog of V items, and the target's probability taken to the power beta:
 *   alpha = k / (V - 1)                                    the share of negatives that is drawn
 *   beta  = alpha (t (1 - 1 / alpha) + 1 / alpha)          t in [0, 1]: 0 is plain BCE, 1 is calibrated
 *   L_p   = -(log sigma(s_p)^beta + sum_j log(1 - sigma(s_j))) / (k + 1)
 * At t = 1 beta is alpha, which undoes the overconfidence that drawing negatives makes.
 * Differs: one sample of negatives serves all targets of a step, where the paper draws for each; a negative that is a
 * row's own target counts nothing in that row.
 */
import { add, mul, neg, softplus } from '../tensor/elementwise.ts'
import { reshape } from '../tensor/move.ts'
import type { Tensor } from '../tensor/node.ts'
import { sum } from '../tensor/reduce.ts'
import { dims } from '../tensor/shape.ts'
import { type CatalogLossParts, firstItem, rowsIn } from './catalog-loss.ts'
import { scoresOf, targetScores, withoutHits } from './sampled-softmax.ts'

/** What gBCE draws, and how far it calibrates. */
export interface GeneralizedBce {
  /** Different items [k] int64. */
  readonly drawn: Tensor
  /** t in [0, 1]. */
  readonly calibration: number
}

/** beta of {@link generalizedBce} for k negatives out of so many items that are not the target. */
function betaOf(negatives: number, others: number, calibration: number): number {
  const alpha = negatives / others
  return alpha * (calibration * (1 - 1 / alpha) + 1 / alpha)
}

/** See the file's header; the sum over targets of weights_p L_p. */
export function generalizedBce(parts: CatalogLossParts, { drawn, calibration }: GeneralizedBce): Tensor {
  const { hidden, table, targets, weights } = parts
  const [negatives] = dims(drawn, 1)
  const others = Math.max(negatives, (table.shape[0] as number) - firstItem - 1)
  const own = targetScores(hidden, rowsIn(parts, targets))
  const ofDrawn = withoutHits(scoresOf(hidden, rowsIn(parts, drawn)), targets, drawn)
  // -log sigma(s) is softplus(-s), and -log(1 - sigma(s)) is softplus(s).
  const ofTarget = mul(softplus(neg(reshape(own, [-1]))), betaOf(negatives, others, calibration))
  const losses = add(ofTarget, sum(softplus(ofDrawn), 1))
  return mul(sum(mul(losses, weights)), 1 / (negatives + 1))
}
