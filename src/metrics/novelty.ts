/** @file Novelty: how little known are the items of a list? */

/**
 * Novelty@k, in bits: the mean over the places of all lists of -log2(p_i), p_i = (n_i + 1) / (N + V), where item i has
 * n_i of the N training events and the catalog V items. One is added to each item, so that one without events has a
 * finite value.
 *
 * Five users, k = 1, V = 3 items with 5, 0 and 0 of N = 5 events, so that p = 6/8, 1/8, 1/8:
 *
 *     user        1      2      3      4      5
 *     list        1      1      2      3      1
 *     -log2(p)    0.415  0.415  3      3      0.415    mean = (3 * 0.415 + 6) / 5 = 1.449
 *
 * @param lists the first k items of each list
 * @param counts training events of each item, by index; that of the pad, 0, is not read
 * @returns NaN without any item
 */
export function novelty(lists: readonly ArrayLike<number>[], counts: ArrayLike<number>): number {
  const items = counts.length - 1
  const total = Array.from(counts)
    .slice(1)
    .reduce((sum, count) => sum + count, 0)
  let [bits, places] = [0, 0]
  for (const list of lists) {
    for (let at = 0; at < list.length; at++)
      bits -= Math.log2(((counts[list[at] as number] as number) + 1) / (total + items))
    places += list.length
  }
  return bits / places
}
