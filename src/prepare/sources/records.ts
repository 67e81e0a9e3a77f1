/** @file Checks the records of a log or item table, and names the file, row and column of a bad one. */
import { basename } from 'node:path'
import { type Problem, UserError, unknownName } from '../../errors.ts'
import type { Database } from '../../storage/duckdb.ts'
import type { LogFiles } from './log-files.ts'

/** A check of every record. */
export interface RecordCheck {
  /** The column as the file names it. */
  readonly column: string
  /** An SQL condition that is true for a bad record. */
  readonly bad: string
  /** An SQL expression of the offending value. */
  readonly value: string
  readonly problem: Problem
  readonly expected: string
  /** What to do about an offending value, where there is something; of a name, if it is near none of the known. */
  readonly hint?: (value: string) => string | undefined
  /** The known names, if the value is a name. */
  readonly known?: readonly string[]
}

/** The table to check, and how to find the file and row of a record. */
export interface CheckedTable {
  readonly table: string
  readonly place: (row: number) => Promise<string>
}

/**
 * Runs all checks over a table in one pass.
 * @throws UserError for the first bad record of the first check that finds one
 */
export async function checkRecords(
  db: Database,
  checks: readonly RecordCheck[],
  { table, place }: CheckedTable,
): Promise<void> {
  if (checks.length === 0) return
  const firsts = checks.map(({ bad }, index) => `min(rowid) FILTER (WHERE ${bad}) AS c${index}`)
  const [found] = await db.rows<Record<string, number | null>>(`SELECT ${firsts.join(', ')} FROM ${table}`)
  for (const [index, { column, bad, value, problem, expected, known, hint }] of checks.entries()) {
    const row = found?.[`c${index}`]
    if (row === null || row === undefined) continue
    const [record] = await db.rows<{ value: string | null }>(
      `SELECT CAST(${value} AS VARCHAR) AS value FROM ${table} WHERE rowid = ${row}`,
    )
    const where = `${await place(row)}, column "${column}"`
    const offending = record?.value ?? ''
    const help = hint?.(offending)
    const more = problem === 'missing' ? await othersLike(db, table, bad) : ''
    const mend = help === undefined ? {} : { hint: help }
    if (known) throw unknownName(where, offending, known, mend)
    throw new UserError({
      where,
      problem,
      value: `${offending === '' ? 'nothing' : `"${offending}"`}${more}`,
      expected,
      ...mend,
    })
  }
}

/** How many records lack a value beside the first: one can be corrected, a tenth of a log is left out. */
async function othersLike(db: Database, table: string, bad: string): Promise<string> {
  const [found] = await db.rows<{ bad: number; all: number }>(
    `SELECT count(*) FILTER (WHERE ${bad}) AS bad, count(*) AS all FROM ${table}`,
  )
  return found && found.bad > 1 ? `, and in ${found.bad - 1} of ${found.all} rows more` : ''
}

/**
 * Checks of a column of ids.
 * @param column the column as the file names it
 * @param id its name in the table, as `readId` reads it
 */
export function idChecks(column: string, id: string): RecordCheck[] {
  return [
    {
      column,
      bad: `${id} IS NULL OR trim(${id}) = ''`,
      value: id,
      problem: 'missing',
      expected: 'an id',
      hint: () => (id === 'user' ? 'leave such rows out of the file, or give each guest an id' : undefined),
    },
    {
      column,
      bad: `starts_with(${id}, chr(0))`,
      value: `${id}[2:]`,
      problem: 'invalid',
      expected: 'an id: a text or a whole number',
      hint: (value) => (value.startsWith('{') ? `name a key of it in the mapping, such as ${column}.id` : undefined),
    },
    {
      column,
      bad: `contains(${id}, chr(0)) OR contains(${id}, chr(10)) OR contains(${id}, chr(13))`,
      value: `regexp_replace(${id}, '[\\x00\\n\\r]+', ' ', 'g')`,
      problem: 'invalid',
      expected: 'an id without line breaks',
    },
    {
      column,
      // Whoever decodes the text drops the mark, and two ids become one.
      bad: `starts_with(${id}, chr(65279))`,
      value: id,
      problem: 'invalid',
      expected: 'an id that does not begin with an invisible byte order mark (U+FEFF)',
    },
  ]
}

/** A function from a record's number in a table to its file and row, as an editor or spreadsheet counts them. */
export function placeOf(db: Database, table: string, { files, rowOf }: LogFiles): (row: number) => Promise<string> {
  const name = async (file: string, record: number): Promise<string> =>
    `${basename(file)} row ${await rowOf(file, record)}`
  return async (row) => {
    if (files.length === 1) return name(files[0] as string, row)
    const [found] = await db.rows<{ file: number; first: number }>(
      `SELECT file, min(rowid) AS first FROM ${table} WHERE file = (SELECT file FROM ${table} WHERE rowid = ${row}) GROUP BY file`,
    )
    return name(files[(found?.file ?? 1) - 1] as string, row - (found?.first ?? 0))
  }
}
