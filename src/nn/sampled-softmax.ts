/**
 * @file Sampled softmax: a target against a few drawn items in place of the whole catalog, each score less the
 * logarithm of how often its item is expected in the sample. Bengio & Senecal, 2008; Jean et al., ACL 2015, section
 * 3.1; for targets of a batch Yi et al., RecSys 2019, mixed with drawn items Yang et al., WWW 2020 [bib:
 * mixed-negatives].
 *   s'_pj = u_p . x_j - log E[how often j is in the sample]
 *   L     = sum_p w_p (-s_p + log(e^s_p + sum_{j != y_p} e^s'_pj)),   s_p = u_p . x_{y_p}
 * The sum over the sample then has the softmax's own sum over all items but the target as its expectation.
 * Differs: the target's score is not corrected, since it is in the sample for sure and not by a draw, as Khrylchenko
 * et al., RecSys 2025 show [bib: logq]. The weight that they add besides is left out. One sample serves all targets of
 * a step.
 */
import { hiddenScore } from '../tensor/attention.ts'
import { equal, where } from '../tensor/compare.ts'
import { crossEntropyOf } from '../tensor/cross-entropy.ts'
import { mul, sub } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { concat, reshape } from '../tensor/move.ts'
import { constant, type Tensor } from '../tensor/node.ts'
import { sum } from '../tensor/reduce.ts'
import { dims } from '../tensor/shape.ts'
import { type CatalogLossParts, rowsIn } from './catalog-loss.ts'

/** The items that targets are compared with. */
export interface Sample {
  /** Drawn items [N] int64; one may be there twice. */
  readonly drawn: Tensor
  /** ln of how often each is expected among all that are compared, broadcast to [N]. */
  readonly logExpected: Tensor
  /** The same of each target [P], where those of the batch are compared too; each but the row's own. */
  readonly logExpectedOfTargets?: Tensor
}

/** See the file's header. */
export function sampledSoftmax(parts: CatalogLossParts, { drawn, logExpected, logExpectedOfTargets }: Sample): Tensor {
  const { hidden, targets, weights } = parts
  const [count] = dims(targets, 1)
  const targetRows = rowsIn(parts, targets)
  const own = targetScores(hidden, targetRows)
  const ofDrawn = withoutHits(sub(scoresOf(hidden, rowsIn(parts, drawn)), logExpected), targets, drawn)
  const compared = [own, ofDrawn]
  if (logExpectedOfTargets) {
    // Rows that only fill up are nobody's targets.
    const unused = where(equal(weights, 0), hiddenScore, 0)
    const scores = sub(scoresOf(hidden, targetRows), sub(logExpectedOfTargets, unused))
    compared.push(withoutHits(scores, targets, targets))
  }
  const first = constant(new BigInt64Array(count), [count])
  return crossEntropyOf(concat(compared, 1), first, weights)
}

/** users [P, D], rows [N, D] -> [P, N] */
export const scoresOf = (users: Tensor, rows: Tensor): Tensor => matmul(users, rows, { transposeB: true })

/** [P, 1] of each user's own row [P, D]. */
export const targetScores = (users: Tensor, rows: Tensor): Tensor => sum(mul(users, rows), 1, { keep: true })

/** Scores [P, N] without those of items [N] that are the row's target [P]. */
export const withoutHits = (scores: Tensor, targets: Tensor, items: Tensor): Tensor =>
  where(equal(reshape(targets, [-1, 1]), items), hiddenScore, scores)
