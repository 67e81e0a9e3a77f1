/** @file Says how much memory a log will take, before it is read. */
import { type Database, identifier } from '../../storage/duckdb.ts'
import type { Mapping } from '../mapping.ts'
import { estimateMemory, memoryLine } from '../memory.ts'
import { listFiles } from './log-files.ts'
import { sizesOf } from './row-count.ts'
import type { SourceRequest } from './source.ts'

/** A log that is about to be read. */
export interface ComingLog {
  readonly files: readonly string[]
  /** Select items of the columns that `raw_log` will have. */
  readonly kept: readonly string[]
  readonly scan: string
  /** The SQL of events over `raw_log`. */
  readonly events: string
}

const sampleRows = 10_000

/** Reports the memory that preparing takes, if it is much. What cannot be sized up is left to the reading to refuse. */
export async function foreseeMemory(request: SourceRequest, mapping: Mapping, log: ComingLog): Promise<void> {
  const { db, report, memory } = request
  try {
    const { rows } = await sizesOf(db, log.files)
    const named = request.items.length > 0 ? request.items : [mapping.items.files ?? []].flat()
    const items = await sizesOf(db, await listFiles(db, named))
    const pictures = (request.images ?? mapping.items.images) !== undefined
    const vectorBytes = memory.vectorBytes({ items: items.rows, pictures })
    const impressions = Object.keys(mapping.impressions.labels).length > 0
    const sampled = await sample(db, log)
    const line = memoryLine(
      estimateMemory({
        ...sampled,
        rows,
        columns: log.kept.length,
        impressions,
        items,
        vectorBytes,
        limit: memory.limit,
        partitions: memory.partitions,
      }),
    )
    if (line) report(line)
  } catch {
    // A file that cannot be read is named by the reading itself, in better words.
  } finally {
    await db.run('DROP TABLE IF EXISTS raw_log')
  }
}

async function sample(
  db: Database,
  { kept, scan, events }: ComingLog,
): Promise<{ longText: number; eventsPerRow: number }> {
  await db.run(`CREATE TABLE raw_log AS SELECT ${kept.join(', ')} FROM ${scan} LIMIT ${sampleRows}`)
  const columns = await db.rows<{ column_name: string }>('DESCRIBE raw_log')
  // Up to 12 bytes are kept in place.
  const long = columns.map(({ column_name }) => {
    const length = `strlen(CAST(${identifier(column_name)} AS VARCHAR))`
    return `coalesce(avg(CASE WHEN ${length} > 12 THEN ${length} ELSE 0 END), 0)`
  })
  const [found] = await db.rows<{ rows: number; events: number; long: number }>(
    `SELECT count(*) AS rows, (SELECT count(*) FROM (${events})) AS events, ${long.join(' + ')} AS long FROM raw_log`,
  )
  const { rows = 0, events: made = 0, long: longText = 0 } = found ?? {}
  return { longText, eventsPerRow: rows === 0 ? 1 : made / rows }
}
