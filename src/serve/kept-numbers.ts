/** @file What a model said of a history is kept: it hangs on the history alone, so that an equal one needs no pass. */
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { History } from '../dataset/schema.ts'

/** The memory that is kept for one run at most: the best items of 14,000 users, or 500 candidates of as many. */
export const keptBytes = 2 ** 25
/** What is taken beside the numbers: their key, their place in the order of use, and their array. */
const bytesBeside = 300

/** Numbers by key. */
export interface KeptNumbers<Numbers> {
  of(key: string): Numbers | undefined
  keep(key: string, numbers: Numbers): void
}

/** Keeps numbers until they take more than so many bytes; those that were asked for the longest time ago go first. */
export function keptNumbers<Numbers extends Float32Array | Float64Array>(maxSize = keptBytes): KeptNumbers<Numbers> {
  const kept = new LRUCache<string, Numbers>({
    maxSize,
    sizeCalculation: ({ byteLength }) => byteLength + bytesBeside,
  })
  return { of: (key) => kept.get(key), keep: (key, numbers) => void kept.set(key, numbers) }
}

/** The same for equal histories only, and equal candidates: all that a model could read of them. */
export function historyKey(
  { user, item, behavior, time }: History,
  candidates: Int32Array = new Int32Array(0),
): string {
  const hash = createHash('sha256').update(Int32Array.of(user, item.length))
  return hash.update(item).update(behavior).update(time).update(candidates).digest('base64')
}
