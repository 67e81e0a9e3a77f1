/** @file Writes what a store holds to a file that `siftrec prepare --fresh` reads. */
import { mkdir, rename, rm } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { UserError } from '../errors.ts'
import { flushed, partialOf, writeAtomically } from '../storage/atomic.ts'
import { type Database, literal, openDatabase, pathLiterals } from '../storage/duckdb.ts'
import { inFileWords } from '../storage/file-errors.ts'
import { forgottenBeside } from '../storage/fresh-file.ts'
import type { EventStore } from '../store/event-store.ts'

/** What DuckDB writes, by the extension of the file. */
const formats: Readonly<Record<string, string>> = {
  '.parquet': 'FORMAT parquet, COMPRESSION zstd',
  '.csv': 'FORMAT csv, HEADER',
  '.jsonl': 'FORMAT json',
}

/** What was written. */
export interface Exported {
  readonly events: number
  readonly forgotten: number
  /** Where the list of forgotten users is. */
  readonly list: string
}

/** @throws UserError `unsupported` for another extension */
export function checkExportName(out: string): void {
  if (extname(out) in formats) return
  const expected = Object.keys(formats).join(', ')
  throw new UserError({ where: '--out', problem: 'unsupported', value: `the extension of "${out}"`, expected })
}

/**
 * Writes a store's events, grouped by user and oldest first, and beside them the list of forgotten users. Both files
 * are whole or as they were; what does not fit in memory waits on the disk.
 * @throws UserError `unsupported` for another extension, and for what the file system refuses
 */
export async function exportEvents(store: EventStore, out: string): Promise<Exported> {
  checkExportName(out)
  const list = forgottenBeside(out)
  const partial = partialOf(out)
  const spill = `${partial}-spill`
  try {
    using db = await openDatabase({ temporaryFolder: spill, memoryLimit: '500MB', threads: 1 })
    const before = new Set(await store.forgotten())
    const parts = await writeParts(db, store, spill)
    const forgotten = await store.forgotten()
    // Users who were forgotten meanwhile: some of their events may have been read before.
    await db.run('CREATE TABLE forgotten (id VARCHAR)')
    await db.append(
      'forgotten',
      forgotten.filter((user) => !before.has(user)).map((user) => [user]),
    )
    const kept = `FROM read_parquet(${pathLiterals(parts)}) WHERE "user" NOT IN (SELECT id FROM forgotten)`
    const [found] = await db.rows<{ count: number }>(`SELECT count(*) AS count ${kept}`)
    await db.run(`COPY (SELECT * ${kept}) TO ${literal(partial)} (${formats[extname(out)]})`)
    await flushed(partial)
    // The list comes first: events without it would bring forgotten users back. No line break is in an id of a log.
    const lines = forgotten.filter((user) => !/[\n\r]/.test(user)).map((user) => `${user}\n`)
    await writeAtomically(list, lines.join(''))
    await rename(partial, out)
    return { events: found?.count ?? 0, forgotten: forgotten.length, list }
  } catch (error) {
    throw inFileWords(error, out, 'what was there is unchanged')
  } finally {
    for (const path of [partial, spill]) await rm(path, { recursive: true, force: true })
  }
}

/** How many events wait in memory. */
const partSize = 200_000

/** Writes all events to files of a folder, some in each. @returns the files in their order */
async function writeParts(db: Database, store: EventStore, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const parts: string[] = []
  const create = 'CREATE OR REPLACE TABLE events ("user" VARCHAR, item VARCHAR, behavior VARCHAR, "time" BIGINT)'
  const writePart = async (): Promise<void> => {
    const part = join(folder, `${parts.length}.parquet`)
    await db.run(`COPY events TO ${literal(part)} (FORMAT parquet); ${create}`)
    parts.push(part)
  }
  await db.run(create)
  let waiting = 0
  for await (const events of store.all()) {
    await db.append(
      'events',
      events.map(({ user, item, behavior, time }) => [user, item, behavior, time]),
    )
    waiting += events.length
    if (waiting < partSize) continue
    await writePart()
    waiting = 0
  }
  await writePart()
  return parts
}
