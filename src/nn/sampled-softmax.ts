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
import { equal, greater, where } from '../tensor/compare.ts'
import { crossEntropyOf } from '../tensor/cross-entropy.ts'
import { add, div, log, mul, sub } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { cast, concat, reshape } from '../tensor/move.ts'
import { constant, integers, type Tensor } from '../tensor/node.ts'
import { sum } from '../tensor/reduce.ts'
import { rows } from '../tensor/rows.ts'
import { dims } from '../tensor/shape.ts'
import { type CatalogLossParts, rowsIn } from './catalog-loss.ts'

/** The items that targets are compared with. */
export interface Sample {
  /** Items [N] int64; one may be there twice. */
  readonly items: Tensor
  /** ln of how often each is expected among them, broadcast to [N]. */
  readonly logExpected: Tensor
}

/** See the file's header. */
export function sampledSoftmax(parts: CatalogLossParts, { items, logExpected }: Sample): Tensor {
  const { hidden, targets, weights } = parts
  const [count] = dims(targets, 1)
  const own = targetScores(hidden, rowsIn(parts, targets))
  const others = withoutHits(sub(scoresOf(hidden, rowsIn(parts, items)), logExpected), targets, items)
  const first = constant(new BigInt64Array(count), [count])
  return crossEntropyOf(concat([own, others], 1), first, weights)
}

/** What {@link mixedSample} is made of. */
export interface Mixed {
  /** Different items [N] int64, each of the catalog's equally likely. */
  readonly drawn: Tensor
  /** Each item's share of all targets [V + 1]. */
  readonly share: Tensor
  /** V. */
  readonly itemCount: number
}

/**
 * Drawn items beside targets of the step, at most as many as are drawn, taken evenly from all of them. A target's own
 * row is not compared with it, so that of n targets n - 1 are expected to be something else.
 */
export function mixedSample({ targets, weights }: CatalogLossParts, { drawn, share, itemCount }: Mixed): Sample {
  const [room, count] = [dims(targets, 1)[0], dims(drawn, 1)[0]]
  const most = Math.min(room, count)
  const places = integers(Array.from({ length: most }, (_, at) => Math.floor((at * room) / most)))
  const [taken, isUsed] = [rows(targets, places), greater(rows(weights, places), 0)]
  const [all, used] = [greater(weights, 0), isUsed].map((is) => sum(cast(is, 'float32'))) as [Tensor, Tensor]
  const others = div(mul(used, sub(all, 1)), all)
  const logExpected = (ids: Tensor): Tensor => log(add(mul(rows(share, ids), others), count / itemCount))
  // Rows that only fill up are nobody's targets: as if they were expected so often that each counts nothing.
  const ofTaken = sub(logExpected(taken), where(isUsed, 0, hiddenScore))
  return { items: concat([drawn, taken], 0), logExpected: concat([logExpected(drawn), ofTaken], 0) }
}

/** users [P, D], rows [N, D] -> [P, N] */
export const scoresOf = (users: Tensor, rows: Tensor): Tensor => matmul(users, rows, { transposeB: true })

/** [P, 1] of each user's own row [P, D]. */
export const targetScores = (users: Tensor, rows: Tensor): Tensor => sum(mul(users, rows), 1, { keep: true })

/** Scores [P, N] without those of items [N] that are the row's target [P]. */
export const withoutHits = (scores: Tensor, targets: Tensor, items: Tensor): Tensor =>
  where(equal(reshape(targets, [-1, 1]), items), hiddenScore, scores)
