/**
 * @file SCE, the scalable cross-entropy: each target against the items that score highest beside it, found by random
 * buckets. Mezentsev, Gusak, Oseledets & Frolov, RecSys 2024. [bib: sce] X are users' vectors, W the item table, and
 * there are n buckets.
 *   B   = Omega X, Omega ~ N(0, 1)                        [n, D]: mixed users ("Mix") point where users are
 *   I_b = the b_x users of largest B_b . x                [n, b_x]
 *   J_b = the b_y items of largest B_b . w                [n, b_y]
 *   L_bp = -s_p + log(e^s_p + sum_{j in J_b, j != y_p} e^(x_p . w_j)),  p in I_b, s_p = x_p . w_{y_p}
 *   L_p = max_b L_bp, and L is its mean over the users that are in some bucket
 * Buckets and the choice of the largest have no gradient; rows of the table outside the buckets have none either.
 * Differs: the mean is weighed as the targets are; the paper's scale of Omega, which changes no order, is left out.
 */

import { hiddenScore } from '../tensor/attention.ts'
import { equal, greater, where } from '../tensor/compare.ts'
import { add, div, mul, sub } from '../tensor/elementwise.ts'
import { argmax, placed, topK } from '../tensor/largest.ts'
import { matmul } from '../tensor/linear.ts'
import { cast, concat, reshape, slice } from '../tensor/move.ts'
import { integers, stopGradient, type Tensor } from '../tensor/node.ts'
import { logSumExp, sum } from '../tensor/reduce.ts'
import { rows } from '../tensor/rows.ts'
import { dims } from '../tensor/shape.ts'
import { type CatalogLossParts, firstItem, rowsIn } from './catalog-loss.ts'
import { scoresOf, targetScores } from './sampled-softmax.ts'

/** How large the buckets are, and what they are drawn by. */
export interface Buckets {
  /** Omega [n, P], standard normal. */
  readonly mix: Tensor
  /** b_x and b_y, not above the number of users and of items. */
  readonly users: number
  readonly items: number
}

/** See the file's header. */
export function scalableCrossEntropy(parts: CatalogLossParts, buckets: Buckets): Tensor {
  const { hidden, targets, weights } = parts
  const { user_NX, item_NY } = bucketsOf(parts, buckets)
  const [count, users] = dims(user_NX, 2)
  const [, items] = dims(item_NY, 2)
  const [targetCount, width] = dims(hidden, 2)
  const userRows = rows(hidden, user_NX)
  const itemRows = reshape(rowsIn(parts, reshape(item_NY, [-1])), [count, items, width])
  const isTarget = equal(reshape(rows(targets, user_NX), [count, users, 1]), reshape(item_NY, [count, 1, items]))
  const others_NXY = where(isTarget, hiddenScore, matmul(userRows, itemRows, { transposeB: true }))
  const own_P = reshape(targetScores(hidden, rowsIn(parts, targets)), [-1])
  const own_NX1 = reshape(rows(own_P, user_NX), [count, users, 1])
  const loss_NX = reshape(sub(logSumExp(concat([own_NX1, others_NXY], 2), 2, { keep: true }), own_NX1), [count, users])

  // Each user counts once, in the bucket where its loss is largest. A loss may be 0, an empty place is always.
  const found = placed(add(stopGradient(loss_NX), 1), user_NX, [count, targetCount], 1)
  const isLargest = equal(rows(argmax(found, 0), user_NX), reshape(integers([...Array(count).keys()]), [count, 1]))
  const weight_NX = mul(rows(weights, user_NX), cast(isLargest, 'float32'))
  return div(sum(mul(loss_NX, weight_NX)), add(sum(weight_NX), 1e-30))
}

/** I and J; rows that only fill up come last in every bucket. */
function bucketsOf(
  { hidden, table, weights }: CatalogLossParts,
  { mix, users, items }: Buckets,
): { readonly user_NX: Tensor; readonly item_NY: Tensor } {
  const [x, whole] = [stopGradient(hidden), stopGradient(table)]
  const w = slice(whole, 0, firstItem, dims(whole, 2)[0])
  const isUsed_P = greater(weights, 0)
  const centers = matmul(where(isUsed_P, mix, 0), x)
  return {
    user_NX: topK(where(isUsed_P, scoresOf(centers, x), hiddenScore), users).places,
    item_NY: add(topK(scoresOf(centers, w), items).places, integers([firstItem])),
  }
}
