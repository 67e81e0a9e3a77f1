/** @file Items that came since the dataset was prepared, taken into it so that the runs rank them. */
import { growDataset, type NewItem } from '../dataset/grow.ts'
import type { Dataset } from '../dataset/schema.ts'
import { withTextVectors } from '../features/new-items.ts'
import type { ItemRecord } from '../store/event-store.ts'
import type { Listing } from './listing.ts'

/** Items that were said something of, that may be recommended, and that no run knows yet. */
export function newcomersOf(
  { records }: Pick<Listing, 'records'>,
  known: { has(id: string): boolean },
): readonly ItemRecord[] {
  return [...records.values()].filter(({ id, available }) => available && !known.has(id))
}

/**
 * The dataset with newcomers. Their texts are encoded as the dataset's are; where its vectors came from elsewhere, a
 * newcomer has none, and its row starts from the mean.
 * @throws UserError as `growDataset`
 */
export async function withNewcomers(
  dataset: Dataset,
  newcomers: readonly ItemRecord[],
  report: (line: string) => void,
): Promise<Dataset> {
  // By id, so that processes that took them in on different days hold them in one order.
  const items = newcomers
    .map(
      ({ id, title, text, fields, numbers }): NewItem => ({
        id,
        ...(title !== undefined && { title }),
        ...(text !== undefined && { text }),
        ...(fields && { fields }),
        ...(numbers && { numbers }),
      }),
    )
    .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  const { text } = dataset.manifest.features
  if (!text || text.encoder.startsWith('local-text')) return growDataset(dataset, await withTextVectors(dataset, items))
  report(`new items have no text vectors, since those of ${dataset.manifest.name} are by ${text.encoder}`)
  return growDataset(dataset, items)
}
