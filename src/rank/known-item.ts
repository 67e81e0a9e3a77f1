/** @file From an item's id to its index, for whoever asks a run of a few items; `KnownIds` is for a service. */
import type { Dataset, ItemIndex } from '../dataset/schema.ts'
import { unknownName } from '../errors.ts'

/** The index of an item by the id of the log. @throws UserError `unknown` for one that the dataset does not have */
export function knownItem({ manifest, catalog: { ids } }: Dataset, id: string): ItemIndex {
  const item = ids.indexOf(id, 1)
  if (item > 0) return item
  throw unknownName(`${manifest.name} item`, id, ids.slice(1), { expected: 'an item of the dataset' })
}
