/** @file Diversity: how different are the lists of two users? */

/**
 * Diversity@k: 1 less the mean share of items that two lists have in common, over all pairs of lists. 0 where everybody
 * gets the same, 1 where no two share an item. An item in c lists is common to c (c - 1) / 2 pairs, so that no pair is
 * looked at.
 *
 * Five users, k = 2:
 *
 *     user    1    2    3    4    5
 *     list    1 2  1 2  1 3  2 4  1 2
 *
 * Items 1 and 2 are in 4 lists each, 6 pairs each; items 3 and 4 in one, no pair. So the 10 pairs share 12 of 20
 * places: diversity = 1 - 12 / 20 = 0.4.
 *
 * @param lists the first k items of each list
 * @returns NaN for fewer than two lists
 */
export function diversity(lists: readonly ArrayLike<number>[], k: number): number {
  const inLists = new Map<number, number>()
  for (const list of lists) for (const item of Array.from(list)) inLists.set(item, (inLists.get(item) ?? 0) + 1)
  const shared = [...inLists.values()].reduce((sum, count) => sum + (count * (count - 1)) / 2, 0)
  return 1 - shared / (k * ((lists.length * (lists.length - 1)) / 2))
}
