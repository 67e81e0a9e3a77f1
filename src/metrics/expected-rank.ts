/** @file The rank of a target among other candidates, ties counted by the expected rank. */

/**
 * The rank a target can expect when ties are broken at random: `rank = 1 + greater + equal / 2`, where `greater` and
 * `equal` count the *other* candidates that score above and the same. Ranks start at 1 and may end in a half.
 *
 * Five users, target first, then the other candidates:
 *
 *     user  target  others             greater  equal  rank
 *     1     0.9     0.1 0.2 0.3 0.4    0        0      1 + 0 + 0/2 = 1
 *     2     0.5     0.7 0.6 0.1 0.2    2        0      1 + 2 + 0/2 = 3
 *     3     0.5     0.5 0.1 0.2 0.3    0        1      1 + 0 + 1/2 = 1.5
 *     4     0.5     0.5 0.5 0.5 0.5    0        4      1 + 0 + 4/2 = 3
 *     5     0.1     0.9 0.1 0.1 0.0    1        2      1 + 1 + 2/2 = 3
 *
 * @returns NaN when any score is NaN: a NaN is neither above nor below, and must not pass for a good rank.
 */
export function expectedRank(target: number, others: ArrayLike<number>): number {
  let greater = 0
  let equal = 0
  let less = 0
  // Counting without branches: on scores in no order a wrongly guessed branch costs more than three comparisons.
  for (let at = 0; at < others.length; at++) {
    const score = others[at] as number
    greater += +(score > target)
    equal += +(score === target)
    less += +(score < target)
  }
  const compared = greater + equal + less === others.length && !Number.isNaN(target)
  return compared ? 1 + greater + equal / 2 : Number.NaN
}
