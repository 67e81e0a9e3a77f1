/** @file The catalog as it is now: what the dataset has of each item, and over it what was said since. */
import type { Catalog, Field, ItemIndex } from '../dataset/schema.ts'
import type { EventStore, ItemRecord } from '../store/event-store.ts'
import type { KnownIds } from './known-ids.ts'

/** The items now. */
export interface Listing {
  /** Titles, fields and numbers as they are now. */
  readonly catalog: Catalog
  /** 1 where an item may be recommended, [items + 1]. */
  readonly available: Uint8Array
  /** What was said of items, of those too that the dataset does not have. */
  readonly records: ReadonlyMap<string, ItemRecord>
}

/** Keeps a listing that is read anew only after the store's version of the items changed. */
export interface Listings {
  /** The listing as of now. */
  current(): Promise<Listing>
  /** The listing that was read last. */
  readonly last: Listing
}

/** Reads the first listing. */
export async function openListings(
  catalog: Catalog,
  known: Pick<KnownIds, 'items'>,
  store: Pick<EventStore, 'items' | 'itemsVersion'>,
): Promise<Listings> {
  const read = async (): Promise<Listing> => listingOf(catalog, known, await store.items())
  let version = await store.itemsVersion()
  let last = await read()
  let reading: { readonly version: number; readonly listing: Promise<Listing> } | undefined
  return {
    get last() {
      return last
    },
    async current() {
      // The version is asked first: what is put meanwhile is read again at the next request, and never missed.
      const now = await store.itemsVersion()
      if (now === version) return last
      // Those who ask while it is read share the reading.
      if (reading?.version !== now) reading = { version: now, listing: read() }
      const { listing } = reading
      try {
        const found = await listing
        if (reading?.listing === listing) [version, last] = [now, found]
        return found
      } finally {
        if (reading?.listing === listing) reading = undefined
      }
    },
  }
}

/** Lays what was said of items over a catalog; columns that nothing was said of are shared. */
function listingOf(catalog: Catalog, { items }: Pick<KnownIds, 'items'>, said: readonly ItemRecord[]): Listing {
  const available = new Uint8Array(catalog.ids.length).fill(1)
  available[0] = 0
  const titles = [...catalog.titles]
  const fields = new Map<string, ChangedField>()
  const numbers = new Map<string, Float32Array>()
  for (const record of said) {
    const item = items.get(record.id)
    if (item === undefined) continue
    available[item] = record.available ? 1 : 0
    if (record.title !== undefined) titles[item] = record.title
    for (const [name, value] of Object.entries(record.fields ?? {})) {
      const before = own(catalog.fields, name)
      if (before) fieldOf(fields, name, before).put(item, value)
    }
    for (const [name, value] of Object.entries(record.numbers ?? {})) {
      const before = own(catalog.numbers ?? {}, name)
      if (!before) continue
      const column = numbers.get(name) ?? before.slice()
      numbers.set(name, column)
      column[item] = value
    }
  }
  const changed = Object.fromEntries(
    [...fields].map(([name, { values, vocabulary }]) => [name, { values, vocabulary }]),
  )
  return {
    catalog: {
      ids: catalog.ids,
      titles,
      fields: { ...catalog.fields, ...changed },
      ...(catalog.numbers && { numbers: { ...catalog.numbers, ...Object.fromEntries(numbers) } }),
    },
    available,
    records: new Map(said.map((record) => [record.id, record])),
  }
}

/** A property that was set, not one that every object has. */
export const own = <Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined

interface ChangedField extends Field {
  put(item: ItemIndex, value: string): void
}

function fieldOf(fields: Map<string, ChangedField>, name: string, before: Field): ChangedField {
  const known = fields.get(name)
  if (known) return known
  const values = before.values.slice()
  const vocabulary = [...before.vocabulary]
  const indices = new Map(vocabulary.map((value, index) => [value, index]))
  const field: ChangedField = {
    values,
    vocabulary,
    put(item, value) {
      const index = indices.get(value) ?? vocabulary.push(value) - 1
      indices.set(value, index)
      values[item] = index
    },
  }
  fields.set(name, field)
  return field
}
