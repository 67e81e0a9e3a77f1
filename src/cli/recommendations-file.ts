/** @file Recommendations for every user as a file: Parquet, CSV or JSON lines, as the file's name ends. */
import { type FileHandle, open, rm } from 'node:fs/promises'
import type { Dataset } from '../dataset/schema.ts'
import type { UserList } from '../rank/recommend-all.ts'
import { makeAtomically, partialOf } from '../storage/atomic.ts'
import { literal, openDatabase, pathLiterals } from '../storage/duckdb.ts'
import { csvCell } from './csv-cell.ts'
import { endingOf } from './file-ending.ts'

const kinds = ['.parquet', '.csv', '.jsonl'] as const
type Kind = (typeof kinds)[number]

/** The kind of a file. @throws UserError `unsupported` for any other ending */
export const kindOfList = (file: string): Kind => endingOf(file, kinds)

/** What {@link writeLists} writes. */
export interface ListSource {
  readonly dataset: Dataset
  /** Some users at a time. */
  readonly lists: AsyncIterable<readonly UserList[]>
  /** Is told how many users are done. */
  readonly counted?: (done: number) => void
  /** Ends the work with its reason; nothing is left then. */
  readonly signal?: AbortSignal
}

/**
 * Writes one row for each user and rank: user, rank, item, score. The file is whole or not there.
 * @returns how many users have a list of each length
 * @throws UserError as {@link kindOfList}, and where the file cannot be written
 */
export async function writeLists(file: string, source: ListSource): Promise<ReadonlyMap<number, number>> {
  const kind = kindOfList(file)
  const lengths = new Map<number, number>()
  await makeAtomically(file, async (partial) => {
    if (kind !== '.parquet') return writeLines(partial, kind, { ...source, lengths })
    const lines = `${partialOf(file)}.jsonl`
    try {
      await writeLines(lines, '.jsonl', { ...source, lengths })
      using db = await openDatabase()
      const columns = "{user: 'VARCHAR', rank: 'INTEGER', item: 'VARCHAR', score: 'FLOAT'}"
      const rows = `read_json(${pathLiterals([lines])}, format = 'newline_delimited', columns = ${columns})`
      await db.run(`COPY (SELECT * FROM ${rows}) TO ${literal(partial)} (FORMAT parquet, COMPRESSION zstd)`)
    } finally {
      await rm(lines, { force: true })
    }
  })
  return lengths
}

/** How long the lists are: who touched nearly everything has fewer items left than were asked for. */
export function listsText(lengths: ReadonlyMap<number, number>, top: number): string {
  const said = (users: number): string => `${users.toLocaleString('en-US')} ${users === 1 ? 'user' : 'users'}`
  const full = lengths.get(top) ?? 0
  const none = lengths.get(0) ?? 0
  const fewer = [...lengths.values()].reduce((sum, users) => sum + users, 0) - full - none
  return [
    `${top} items for each of ${said(full)}`,
    ...(fewer > 0 ? [`fewer for ${said(fewer)}`] : []),
    ...(none > 0 ? [`none for ${said(none)}`] : []),
  ].join(', ')
}

/** What is written, and the lengths that are counted. */
type CountedSource = ListSource & { readonly lengths: Map<number, number> }

async function writeLines(path: string, kind: Exclude<Kind, '.parquet'>, source: CountedSource): Promise<void> {
  const file = await open(path, 'w')
  try {
    if (kind === '.csv') await file.appendFile('user,rank,item,score\n')
    await writeBatches(file, kind === '.csv' ? csvLine : jsonLine, source)
  } finally {
    await file.close()
  }
}

async function writeBatches(
  file: FileHandle,
  lineOf: (cells: Row) => string,
  { dataset: { userIds, catalog }, lists, counted, signal, lengths }: CountedSource,
): Promise<void> {
  let done = 0
  for await (const batch of lists) {
    for (const { items } of batch) lengths.set(items.length, 1 + (lengths.get(items.length) ?? 0))
    const lines = batch.flatMap(({ user, items }) =>
      items.map(({ item, score }, at) =>
        lineOf({ user: userIds[user] as string, rank: at + 1, item: catalog.ids[item] as string, score }),
      ),
    )
    // Not `write`, which may be short on a nearly full disk.
    await file.appendFile(lines.join(''))
    done += batch.length
    counted?.(done)
    signal?.throwIfAborted()
  }
}

interface Row {
  readonly user: string
  readonly rank: number
  readonly item: string
  readonly score: number
}

const jsonLine = (row: Row): string => `${JSON.stringify(row)}\n`
const csvLine = ({ user, rank, item, score }: Row): string => `${csvCell(user)},${rank},${csvCell(item)},${score}\n`
