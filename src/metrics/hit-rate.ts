/** @file Hit rate: is the target among the first k? */
import { checkRank } from './arguments.ts'

/**
 * HR@k of one target: `1 if rank <= k, else 0`; with one target a query it is Recall@k too. The rank is the expected
 * one, so a target tied across the edge of the list counts when the middle of its ties is inside.
 *
 * Five users, k = 3:
 *
 *     user   1    2    3    4    5
 *     rank   1    3    1.5  3.5  12
 *     HR@3   1    1    1    0    0      mean = (1 + 1 + 1 + 0 + 0) / 5 = 0.6
 *
 * @param rank from 1, see `expectedRank`; fractions allowed
 * @param k the length of the list; may exceed the number of candidates
 * @throws UserError `invalid` for a rank below 1
 */
export function hitRate(rank: number, k: number): number {
  checkRank('hitRate', rank)
  return rank <= k ? 1 : 0
}
