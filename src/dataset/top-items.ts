/** @file The best items of a row of scores. */
import type { ItemIndex } from './schema.ts'

/** An item with its score. */
export interface ScoredItem {
  readonly item: ItemIndex
  readonly score: number
}

/**
 * The `count` best items of scores [items + 1], best first, ties by the lower index; column 0 and `excluded` are left
 * out. Whether an item is excluded is only asked where its score would be among the best so far.
 */
export function topItems(
  scores: Float32Array,
  count: number,
  excluded: { has(item: ItemIndex): boolean } = new Set(),
): ScoredItem[] {
  const most = Math.min(count, scores.length - 1)
  if (most <= 0) return []
  // A heap with the worst of the best at its root. A later item never displaces one of its score.
  const heap = new Int32Array(most)
  const isWorse = (a: number, b: number): boolean => {
    const left = scores[a] as number
    const right = scores[b] as number
    return left < right || (left === right && a > b)
  }
  let held = 0
  let least = Number.NEGATIVE_INFINITY
  for (let item = 1; item < scores.length; item++) {
    if (held === most) {
      item = nextAbove(scores, least, item)
      if (item === scores.length) break
    }
    if (excluded.has(item)) continue
    if (held < most) lift(item, held++)
    else sink(item)
    if (held === most) least = scores[heap[0] as number] as number
  }
  const best = Array.from(heap.subarray(0, held)).sort((a, b) => (isWorse(a, b) ? 1 : -1))
  return best.map((item) => ({ item, score: scores[item] as number }))

  /** Puts an item at the end of the heap and lifts it to its place. */
  function lift(item: number, end: number): void {
    let at = end
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isWorse(item, heap[above] as number)) break
      heap[at] = heap[above] as number
      at = above
    }
    heap[at] = item
  }

  /** Replaces the root of a full heap. */
  function sink(item: number): void {
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= most) break
      if (below + 1 < most && isWorse(heap[below + 1] as number, heap[below] as number)) below++
      if (!isWorse(heap[below] as number, item)) break
      heap[at] = heap[below] as number
      at = below
    }
    heap[at] = item
  }
}

/** The first item from `item` on whose score is above `least`; nearly all are passed over here, four at a time. */
function nextAbove(scores: Float32Array, least: number, item: number): number {
  let at = item
  const end = scores.length - 4
  while (
    at <= end &&
    (scores[at] as number) <= least &&
    (scores[at + 1] as number) <= least &&
    (scores[at + 2] as number) <= least &&
    (scores[at + 3] as number) <= least
  )
    at += 4
  while (at < scores.length && (scores[at] as number) <= least) at++
  return at
}
