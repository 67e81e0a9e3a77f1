/** @file Area under the ROC curve, exact, ties at half. */
import { checkLengths } from './arguments.ts'

/**
 * The chance that a positive scores above a negative: `(pairs won + pairs tied / 2) / (positives * negatives)`,
 * computed exactly from rank sums (Mann-Whitney) in n log n.
 *
 * Five users, of whom 1, 2 and 3 are positive:
 *
 *     user      1    2    3    4    5
 *     score     0.9  0.4  0.2  0.4  0.1
 *     positive  1    1    1    0    0
 *
 *     1 beats 4 and 5 (2), 2 ties 4 and beats 5 (1.5), 3 loses to 4 and beats 5 (1): (2 + 1.5 + 1) / (3 * 2) = 0.75
 *
 * @param scores [n], in any unit
 * @param positive [n], nonzero or true where the case is positive
 * @returns NaN when a score is NaN or either class is empty: there is no pair to compare.
 * @throws UserError `mismatched` for arrays of different lengths
 */
export function auc(scores: ArrayLike<number>, positive: ArrayLike<number | boolean>): number {
  checkLengths('auc', { scores, positive })
  const order = Array.from({ length: scores.length }, (_, index) => index).sort(
    (a, b) => (scores[a] as number) - (scores[b] as number),
  )
  let positives = 0
  let rankSum = 0
  for (let from = 0, to = 0; from < order.length; from = to) {
    const score = scores[order[from] as number] as number
    if (Number.isNaN(score)) return Number.NaN
    let members = 0
    for (; to < order.length && scores[order[to] as number] === score; to++)
      if (positive[order[to] as number]) members++
    positives += members
    // Ranks from + 1 to `to` are shared by the tied: each has their middle.
    rankSum += members * ((from + 1 + to) / 2)
  }
  const negatives = order.length - positives
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
}
