/** @file The best items of a row of scores. */
import type { ItemIndex } from './schema.ts'

/** An item with its score. */
export interface ScoredItem {
  readonly item: ItemIndex
  readonly score: number
}

/**
 * The `count` best items of scores [items + 1], best first, ties by the lower index; column 0 and `excluded` are left
 * out.
 */
export function topItems(
  scores: Float32Array,
  count: number,
  excluded: ReadonlySet<ItemIndex> = new Set(),
): ScoredItem[] {
  const best: ScoredItem[] = []
  let least = Number.NEGATIVE_INFINITY
  for (let item = 1; item < scores.length; item++) {
    const score = scores[item] as number
    // Nearly every item ends here: one comparison each.
    if (best.length === count && score <= least) continue
    if (excluded.has(item)) continue
    let place = best.length
    while (place > 0 && (best[place - 1] as ScoredItem).score < score) place--
    best.splice(place, 0, { item, score })
    if (best.length > count) best.pop()
    least = (best.at(-1) as ScoredItem).score
  }
  return best
}
