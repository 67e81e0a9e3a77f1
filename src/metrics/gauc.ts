/** @file GAUC: the AUC within each user, averaged over users by their impressions. */
import { checkLengths } from './arguments.ts'
import { auc } from './auc.ts'

/** The AUC of one user. */
interface UserAuc {
  readonly user: number
  readonly auc: number
  readonly impressions: number
}

/**
 * GAUC: `sum of impressions_u * AUC_u / sum of impressions_u` over the users who have both positives and negatives
 * (Zhou et al., Deep Interest Network, KDD 2018, metrics). Unlike AUC it is blind to how a score tells users apart, and
 * sees only how it orders what one user was shown.
 *
 * Five users:
 *
 *     user  positive  negative  AUC                  impressions
 *     1     0.9       0.3       1                    2
 *     2     0.2       0.6 0.1   (0 + 1) / 2 = 0.5    3
 *     3     0.5       0.5       0.5, a tie           2
 *     4     0.7 0.8             left out
 *     5               0.4       left out
 *
 *     (2 * 1 + 3 * 0.5 + 2 * 0.5) / (2 + 3 + 2) = 4.5 / 7 = 0.6429, of 3 users
 *
 * @param scores [n], in any unit
 * @param positive [n], nonzero or true where the impression is positive
 * @param users [n]: whose impression it is; in any order
 * @returns the mean, NaN when no user has both classes or a score of a user who has is NaN, and how many users counted
 * @throws UserError `mismatched` for arrays of different lengths
 */
export function gauc(
  scores: ArrayLike<number>,
  positive: ArrayLike<number | boolean>,
  users: ArrayLike<number>,
): { readonly mean: number; readonly users: number } {
  const counted = userAucs(scores, positive, users)
  const impressions = counted.reduce((sum, user) => sum + user.impressions, 0)
  return {
    mean: counted.reduce((sum, user) => sum + user.impressions * user.auc, 0) / impressions,
    users: counted.length,
  }
}

/**
 * What {@link gauc} is the mean of: each impression of the users who count has its user's AUC. Drawn by users, they
 * weigh as GAUC does.
 * Shapes as in {@link gauc}.
 */
export function gaucTerms(
  scores: ArrayLike<number>,
  positive: ArrayLike<number | boolean>,
  users: ArrayLike<number>,
): { readonly values: Float64Array; readonly user: Int32Array } {
  const counted = userAucs(scores, positive, users)
  const total = counted.reduce((sum, { impressions }) => sum + impressions, 0)
  const terms = { values: new Float64Array(total), user: new Int32Array(total) }
  let at = 0
  for (const { user, auc, impressions } of counted) {
    terms.values.fill(auc, at, at + impressions)
    terms.user.fill(user, at, at + impressions)
    at += impressions
  }
  return terms
}

/** The AUC of each user who has both classes, by user; shapes as in {@link gauc}. n log n, whatever the users have. */
export function userAucs(
  scores: ArrayLike<number>,
  positive: ArrayLike<number | boolean>,
  users: ArrayLike<number>,
): UserAuc[] {
  checkLengths('gauc', { scores, positive, users })
  const order = new Uint32Array(scores.length)
    .map((_, index) => index)
    .sort((a, b) => (users[a] as number) - (users[b] as number))
  const found: UserAuc[] = []
  for (let from = 0, to = 0; from < order.length; from = to) {
    const user = users[order[from] as number] as number
    while (to < order.length && users[order[to] as number] === user) to++
    const own = order.subarray(from, to)
    const labels = own.map((at) => (positive[at] ? 1 : 0))
    if (!labels.includes(0) || !labels.includes(1)) continue
    const ownScores = Float64Array.from(own, (at) => scores[at] as number)
    found.push({ user, auc: auc(ownScores, labels), impressions: own.length })
  }
  return found
}
