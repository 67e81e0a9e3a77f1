/** @file Items drawn anew at every step for a whole batch: what a choice over a large catalog is made among. */
import { Bug } from '../../errors.ts'
import type { RandomStream } from '../../random/stream.ts'
import type { Tensor } from '../../tensor/node.ts'
import type { Extra } from '../kind.ts'
import type { Window } from '../windows.ts'

/** What {@link drawnItems} adds; training only. */
export interface DrawnItems {
  /** Different items, [C] int64. */
  readonly drawn_C: Tensor
}

/** `count` items of the catalog, none of them twice, drawn uniformly; all of them, in order, where it has no more. */
export function drawnItems(count: number): Extra<DrawnItems, readonly Window[]> {
  return {
    recipe: { name: 'drawnItems', settings: count },
    declare: (_, input) => ({ drawn_C: input('drawnItems', [count], 'int64') }),
    fill(_, { targets }, buffers, drawn) {
      const into = buffers['drawnItems'] as BigInt64Array | undefined
      if (!into || targets === 0) return
      if (!drawn) throw new Bug('items are drawn in training alone')
      fillDistinct(into, drawn.data.dataset.catalog.ids.length - 1, drawn.random)
    },
  }
}

/**
 * Fills a buffer with different items out of 1 to `items`, drawn uniformly; all of them, in order, where it has room.
 */
export function fillDistinct(into: BigInt64Array, items: number, random: RandomStream): void {
  const count = into.length
  if (2 * count > items) {
    const all = Int32Array.from({ length: items }, (_, at) => at + 1)
    if (count < items) random.shuffle(all)
    into.set(Array.from(all.subarray(0, count), BigInt))
    return
  }
  const found = new Set<number>()
  while (found.size < count) found.add(1 + random.integer(items))
  into.set(Array.from(found, BigInt))
}
