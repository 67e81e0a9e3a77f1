/** @file Makes a table of the records of opened files, and sees to it that all of them are there. */
import { UserError } from '../../errors.ts'
import { type Database, dataProblem } from '../../storage/duckdb.ts'
import { type LogFiles, nameFiles } from './opened-files.ts'
import { brokenFiles, corrupted } from './parquet-files.ts'

/**
 * Makes a table from a query over the scans of files that has one row for each record.
 * @throws UserError `corrupted` or `invalid` when the files cannot be read, `empty` without a record, `mismatched` when
 * records got lost
 */
export async function makeTable(db: Database, table: string, sql: string, logs: readonly LogFiles[]): Promise<void> {
  const files = logs.flatMap((log) => log.files)
  try {
    await db.run(`CREATE TABLE ${table} AS ${sql}`)
  } catch (error) {
    if (logs.some(({ format }) => format === 'parquet')) throw corrupted(await brokenFiles(db, files), error)
    const value = dataProblem(error)
    throw value === undefined ? error : new UserError({ where: nameFiles(files), problem: 'invalid', value })
  }
  const [found] = await db.rows<{ count: number }>(`SELECT count(*) AS count FROM ${table}`)
  if (found?.count === 0) throw new UserError({ where: nameFiles(files), problem: 'empty', value: 'no record' })
  const expected = logs.reduce((total, { records }) => total + (records ?? Number.NaN), 0)
  if (Number.isNaN(expected) || found?.count === expected) return
  throw new UserError({
    where: nameFiles(files),
    problem: 'mismatched',
    value: `${found?.count} records could be read`,
    expected: `all ${expected}`,
  })
}
