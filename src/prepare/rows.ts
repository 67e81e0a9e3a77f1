/** @file The rows of a table: how many there are, and others in their place. */
import type { Database } from '../storage/duckdb.ts'

/** The number of rows of a table, or of another table expression. */
export async function countRows(db: Database, table: string): Promise<number> {
  const [{ count } = { count: 0 }] = await db.rows<{ count: number }>(`SELECT count(*) AS count FROM ${table}`)
  return count
}

/** Puts the rows of a query in the place of a table's. */
export async function replaceRows(db: Database, table: string, select: string): Promise<void> {
  await db.run(`CREATE TABLE replacing AS ${select}; DROP TABLE ${table}; ALTER TABLE replacing RENAME TO ${table}`)
}
