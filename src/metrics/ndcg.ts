/** @file NDCG: a hit counts less the further down it stands, by the logarithm. */
import { checkRank } from './arguments.ts'

/**
 * NDCG@k of one target: `1 / log2(1 + rank) if rank <= k, else 0`; with one target a query the ideal DCG is 1. The
 * expected rank goes into the formula as it is, fractions included.
 *
 * Five users, k = 3:
 *
 *     user     1    2    3       4    5
 *     rank     1    3    1.5     3.5  12
 *     NDCG@3   1    0.5  0.7565  0    0     mean = (1 + 1/log2(4) + 1/log2(2.5) + 0 + 0) / 5 = 0.4513
 *
 * @param rank from 1, see `expectedRank`; fractions allowed
 * @param k the length of the list; may exceed the number of candidates
 * @throws UserError `invalid` for a rank below 1
 */
export function ndcg(rank: number, k: number): number {
  checkRank('ndcg', rank)
  return rank <= k ? 1 / Math.log2(1 + rank) : 0
}
