/** @file Seeded negatives for sampled metrics. */
import { UserError } from '../errors.ts'
import { randomStream } from '../random/stream.ts'
import { historyOf } from './histories.ts'
import type { Dataset, ItemIndex, UserIndex } from './schema.ts'

/**
 * Different items drawn uniformly from those the target's user never touches, at any time (R-M16); the same for one seed and event row.
 * @throws UserError `invalid` when the catalog holds too few others
 */
export function negativesOf({ events, catalog, folder }: Dataset, row: number, { count, seed }: { count: number; seed: number }): Int32Array<ArrayBufferLike> {
  const own = new Set<ItemIndex>(historyOf(events, events.user[row] as UserIndex).item)
  const itemCount = catalog.ids.length - 1
  if (itemCount - own.size < count) {
    throw new UserError({ where: folder, problem: 'invalid', value: `${itemCount - own.size} items a user never touched`, expected: `at least ${count} for sampled metrics` })
  }
  const stream = randomStream(seed, 'negatives', row)
  const drawn = new Set<ItemIndex>()
  while (drawn.size < count) {
    const item = 1 + stream.integer(itemCount)
    if (!own.has(item)) drawn.add(item)
  }
  return Int32Array.from(drawn)
}
