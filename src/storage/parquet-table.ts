/** @file A small table as a Parquet file. */
import { renameSync } from 'node:fs'
import { partialOf } from './atomic.ts'
import { identifier, literal, openDatabase } from './duckdb.ts'

/** What a column holds: text, a number (null if unknown), or a list of whole numbers. */
export type ParquetKind = 'VARCHAR' | 'DOUBLE' | 'INTEGER[]'

/** Writes rows to a Parquet file, whole or not at all. It is meant for hundreds of rows, not for logs. */
export async function writeParquetTable<Name extends string>(
  path: string,
  kinds: Readonly<Record<Name, ParquetKind>>,
  rows: readonly Readonly<Record<Name, string | number | null | readonly number[]>>[],
): Promise<void> {
  using db = await openDatabase({ threads: 1 })
  const columns = Object.entries(kinds) as [Name, ParquetKind][]
  await db.run(`CREATE TABLE result (${columns.map(([name, kind]) => `${identifier(name)} ${kind}`).join(', ')})`)
  const values = rows.map((row) => `(${columns.map(([name]) => valueOf(row[name])).join(', ')})`)
  if (values.length > 0) await db.run(`INSERT INTO result VALUES ${values.join(', ')}`)
  await db.run(`COPY result TO ${literal(partialOf(path))} (FORMAT parquet, COMPRESSION zstd)`)
  renameSync(partialOf(path), path)
}

function valueOf(value: string | number | null | readonly number[]): string {
  if (value === null) return 'NULL'
  if (typeof value === 'string') return literal(value)
  return typeof value === 'number' ? `CAST(${value} AS DOUBLE)` : `[${value.join(', ')}]`
}
