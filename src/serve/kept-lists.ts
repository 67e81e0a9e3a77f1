/** @file Lists of best items that are kept: they hang on the history alone, so that an equal one needs no pass. */
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { History } from '../dataset/schema.ts'
import type { ScoredItem } from '../dataset/top-items.ts'

/** The memory that lists of one run take at most: those of 14,000 users. */
export const keptBytes = 2 ** 25
/** What a list takes beside its numbers: its key, its place in the order of use, and its array. */
const bytesBeside = 300

/** The lists of histories that were asked of lately. */
export interface KeptLists {
  /** A list of so many items, best first; undefined where none is kept. */
  of(key: string, length: number): ScoredItem[] | undefined
  keep(key: string, length: number, list: readonly ScoredItem[]): void
}

/** Keeps lists until they take more than so many bytes; those that were asked for the longest time ago go first. */
export function keptLists(maxSize = keptBytes): KeptLists {
  // Items and scores in turn: a tenth of what objects take.
  const lists = new LRUCache<string, Float64Array>({
    maxSize,
    sizeCalculation: ({ byteLength }) => byteLength + bytesBeside,
  })
  const named = (key: string, length: number): string => `${key} ${length}`
  return {
    of(key, length) {
      const kept = lists.get(named(key, length))
      return kept && Array.from({ length: kept.length / 2 }, (_, at) => pairAt(kept, at))
    },
    keep: (key, length, list) =>
      void lists.set(named(key, length), Float64Array.from(list.flatMap(({ item, score }) => [item, score]))),
  }
}

const pairAt = (kept: Float64Array, at: number): ScoredItem => ({
  item: kept[2 * at] as number,
  score: kept[2 * at + 1] as number,
})

/** What is the same for equal histories only: all that a model could read of one. */
export function historyKey({ user, item, behavior, time }: History): string {
  const hash = createHash('sha256').update(Int32Array.of(user, item.length))
  return hash.update(item).update(behavior).update(time).digest('base64')
}
