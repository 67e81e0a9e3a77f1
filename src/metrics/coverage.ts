/** @file Coverage: how much of the catalog is in anybody's list? */

/**
 * Coverage@k: the number of different items in the lists, divided by the number of items.
 *
 * Five users, k = 2, a catalog of 8 items:
 *
 *     user    1    2    3    4    5
 *     list    1 2  1 2  1 3  2 4  1 2     different: 1 2 3 4, coverage = 4 / 8 = 0.5
 *
 * @param lists the first k items of each list
 */
export function coverage(lists: readonly ArrayLike<number>[], itemCount: number): number {
  const found = new Set(lists.flatMap((list) => Array.from(list)))
  return found.size / itemCount
}
