/** @file Reciprocal rank: one over the place of the target. */
import { checkRank } from './arguments.ts'

/**
 * RR@k of one target: `1 / rank if rank <= k, else 0`; its mean over targets is MRR@k.
 *
 * Five users, k = 3:
 *
 *     user   1    2      3      4    5
 *     rank   1    3      1.5    3.5  12
 *     RR@3   1    0.333  0.667  0    0     mean = (1 + 1/3 + 2/3 + 0 + 0) / 5 = 0.4
 *
 * @param rank from 1, see `expectedRank`; fractions allowed
 * @param k the length of the list; may exceed the number of candidates
 * @throws UserError `invalid` for a rank below 1
 */
export function mrr(rank: number, k: number): number {
  checkRank('mrr', rank)
  return rank <= k ? 1 / rank : 0
}
