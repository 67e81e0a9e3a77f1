/** @file What a signal costs to have: bytes on disk and in memory. */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Dataset } from '../dataset/schema.ts'
import type { Signal } from './signals.ts'

/** What a signal costs; null where it is not known. */
export interface Cost {
  /** Of the dataset's folder: vectors to the byte, events by their share of the file of events. */
  readonly diskBytes: number | null
  /** While a model is trained or serves. */
  readonly memoryBytes: number
  /** That the encoder takes for the catalog, where that was measured; see `encoding-time.ts`. */
  readonly encodeSeconds: number | null
}

/** An event in memory: user, item, behavior, time and role. */
const eventBytes = 4 + 4 + 1 + 8 + 1

/** The cost of a signal. */
export function costOf(signal: Signal, { folder, features, manifest, catalog, events }: Dataset): Cost {
  if (signal.kind === 'modality') {
    const table = features[signal.name]
    const bytes = (table?.vectors.byteLength ?? 0) + (table?.present.byteLength ?? 0)
    return { diskBytes: bytes, memoryBytes: bytes, encodeSeconds: null }
  }
  if (signal.kind === 'field') {
    // It shares the file of items with ids, titles and other fields.
    const memoryBytes = catalog.fields[signal.name]?.values.byteLength ?? 0
    return { diskBytes: null, memoryBytes, encodeSeconds: null }
  }
  const count = manifest.counts.perBehavior[signal.name] ?? 0
  const file = join(folder, 'events.parquet')
  const share = count / Math.max(1, manifest.counts.events)
  const diskBytes = existsSync(file) && events.item.length > 0 ? Math.round(share * statSync(file).size) : null
  return { diskBytes, memoryBytes: eventBytes * count, encodeSeconds: null }
}
