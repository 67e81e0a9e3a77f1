/** @file What an item is now. */
import type { ItemRecord } from '../store/event-store.ts'
import { describedItem } from './answering.ts'
import { unknownItem } from './known-ids.ts'
import type { Listing } from './listing.ts'
import type { ItemAnswer } from './service.ts'
import type { Serving } from './serving.ts'

/** See `Service.item`. @throws UserError `unknown` */
export function itemNow(serving: Serving, listing: Listing, id: string): ItemAnswer {
  const item = serving.known.items.get(id)
  if (item === undefined) return laterItem(serving, listing, id)
  return {
    id,
    title: titleOf(serving, listing, id),
    available: listing.available[item] === 1,
    ...describedItem(listing, item),
    ranked: true,
    picture: itemPicture(serving, id) !== undefined,
  }
}

/**
 * An item that came after the dataset was prepared: what was said of it, and nothing ranks it. A run that is opened on
 * a dataset which has it ranks it like any other.
 */
function laterItem({ known }: Serving, { records }: Listing, id: string): ItemAnswer {
  const record = records.get(id)
  if (!record) throw unknownItem('item', id, known)
  const { title = '', available, fields = {}, numbers = {} } = record
  return { id, title, available, fields, numbers, ranked: false, picture: false }
}

/** An item's title; that of a later item is what was said of it. */
export function titleOf({ known }: Serving, { catalog, records }: Listing, id: string): string {
  const item = known.items.get(id)
  return item === undefined ? (records.get(id)?.title ?? '') : (catalog.titles[item] as string)
}

/** Where an item's picture lies. */
export function itemPicture({ known, pictures }: Serving, id: string): string | undefined {
  const item = known.items.get(id)
  return item === undefined ? undefined : pictures.of(item)
}

/** What is stored of an item to recommend it no more: all that was said of it, and that it is gone. */
export const goneRecord = ({ records }: Listing, id: string): ItemRecord => ({
  ...records.get(id),
  id,
  available: false,
})
