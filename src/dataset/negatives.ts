/** @file Sampled negatives: items to rank beside a target. */
import { randomStream } from '../random/stream.ts'
import { historyOf } from './histories.ts'
import type { Dataset } from './schema.ts'

/**
 * How many sampled negatives stand beside each target (R-M16). Reports and stored ranks have it in a name, `sampled99`.
 */
export const negativeCount = 99

/**
 * Draws `count` different items that the target's user never touched, before or after it (R-M16), or all of them if
 * there are fewer. The same target, seed and count always give the same items, whatever else is drawn.
 * @param row the target's event row
 */
export function negativesOf(
  { events, catalog }: Dataset,
  row: number,
  { count, seed }: { count: number; seed: number },
): Int32Array {
  const own = new Set(historyOf(events, events.user[row] as number).item)
  const items = catalog.ids.length - 1
  const free = items - own.size
  const stream = randomStream(seed, 'negatives', row)
  if (free < 2 * count) {
    const candidates = Int32Array.from({ length: items }, (_, at) => at + 1).filter((item) => !own.has(item))
    return stream.shuffle(candidates).slice(0, count)
  }
  const drawn = new Set<number>()
  while (drawn.size < count) {
    const item = 1 + stream.integer(items)
    if (!own.has(item)) drawn.add(item)
  }
  return Int32Array.from(drawn)
}
