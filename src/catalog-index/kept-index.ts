/**
 * @file The file of an index: made once for an item table, read by whoever serves it afterwards, and made anew where it
 * is torn, or of another table.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { ItemTable } from '../models/contract/scorer.ts'
import { makeAtomically, writeAtomically } from '../storage/atomic.ts'
import { hashFile } from '../storage/file-hash.ts'
import { isWritable, lockIn } from '../storage/folders.ts'
import { parsedJson } from '../storage/json.ts'
import { waitForLock } from '../storage/lock.ts'
import type { ProductIndex, ProductIndexes } from './usearch.ts'

/** What is said of an index beside its file. */
const noteSchema = z.strictObject({
  format: z.literal('siftrec-index'),
  version: z.literal(2),
  /** Rows of the table that it was made of, the pad among them, and their SHA-256. */
  rows: z.int().min(1),
  width: z.int().min(1),
  table: z.string(),
  /** The SHA-256 of the index's file. */
  file: z.string(),
  /** How many items a search looks at, and the recall that this has. */
  breadth: z.int().min(1),
  recall: z.number(),
})
/** How an index was found to search. */
export type Tuned = Pick<z.infer<typeof noteSchema>, 'breadth' | 'recall'>

/** An index, and how to search it. */
export interface KeptIndex extends Tuned {
  readonly products: ProductIndex
}

/** Where an index is kept, and how it is made where it is not. */
export interface KeptParts {
  readonly folder: string
  readonly indexes: ProductIndexes
  readonly items: ItemTable
  readonly make: () => Promise<KeptIndex>
}

/** As many of a table's items may have come since the index was made, without which it is made anew. */
const mostLater = (rows: number): number => 1000 + rows / 100

/**
 * The index of a folder, which is made if it is not there. Another process that makes the same is waited for. Where the
 * folder cannot be written nothing is kept.
 */
export async function keptIndex(parts: KeptParts): Promise<KeptIndex> {
  const { folder, items, make } = parts
  const known = await readIndex(parts)
  if (known) return known
  if (!(await isWritable(folder))) return make()
  await using _ = await waitForLock(lockIn(folder))
  const madeMeanwhile = await readIndex(parts)
  if (madeMeanwhile) return madeMeanwhile
  const made = await make()
  const path = indexPath(folder)
  // oxlint-disable-next-line require-await -- usearch writes at once
  await makeAtomically(path, async (partial) => made.products.save(partial))
  const { breadth, recall } = made
  const { width } = items
  const rows = items.table.length / width
  const note: z.infer<typeof noteSchema> = {
    format: 'siftrec-index',
    version: 2,
    rows,
    width,
    table: tableHash(items, rows),
    file: await hashFile(path),
    breadth,
    recall,
  }
  // Last: a file without its note is of nothing that anybody asks for.
  await writeAtomically(notePath(folder), `${JSON.stringify(note, null, 2)}\n`)
  return made
}

const indexPath = (folder: string): string => join(folder, 'items.usearch')
const notePath = (folder: string): string => join(folder, 'index.json')

/** The index of a folder; undefined where there is none, a torn one, or one of other items. */
async function readIndex({ folder, indexes, items }: KeptParts): Promise<KeptIndex | undefined> {
  if (!existsSync(notePath(folder)) || !existsSync(indexPath(folder))) return undefined
  const { data: note } = noteSchema.safeParse(parsedJson(readFileSync(notePath(folder), 'utf8')))
  if (!note || note.width !== items.width) return undefined
  const later = items.table.length / items.width - note.rows
  if (later < 0 || later > mostLater(note.rows) || note.table !== tableHash(items, note.rows)) return undefined
  // usearch trusts what it reads: only what was written is given to it.
  if (note.file !== (await hashFile(indexPath(folder)))) return undefined
  return { products: indexes.view(note.width + 1, indexPath(folder)), breadth: note.breadth, recall: note.recall }
}

/** The SHA-256 of the first rows of a table. */
function tableHash({ table, width }: ItemTable, rows: number): string {
  const hash = createHash('sha256')
  const bytes = new Uint8Array(table.buffer, table.byteOffset, 4 * rows * width)
  // One call takes at most 2 GB.
  for (let at = 0; at < bytes.length; at += 1 << 30) hash.update(bytes.subarray(at, at + (1 << 30)))
  return hash.digest('hex')
}
