/** @file The columns that describe items or users: categorical fields and numbers, as a mapping names them. */
import { type Database, identifier, literal } from '../../storage/duckdb.ts'
import type { Mapping } from '../mapping.ts'
import { type LogFiles, needColumn } from './log-files.ts'
import { type CheckedTable, checkRecords, idChecks } from './records.ts'

/** A field or number with the SQL that reads it. */
export interface DescribedColumn {
  readonly name: string
  /** The column as the file names it. */
  readonly column: string
  readonly value: string
}

/**
 * Categorical fields by their configuration; '' means unknown.
 * @param key the mapping's key, such as `items.fields`
 * @throws UserError `missing` for a column that is not there
 */
export function fieldColumns(log: LogFiles, configured: Mapping['users']['fields'], key: string): DescribedColumn[] {
  return Object.entries(configured).map(([name, field]) => {
    const { column: written, before } = typeof field === 'string' ? { column: field, before: undefined } : field
    const column = needColumn(log, written, [], `${key}.${name}`)
    const read = log.columns.get(column) as string
    return {
      name,
      column,
      value: `coalesce(${before === undefined ? read : `split_part(${read}, ${literal(before)}, 1)`}, '')`,
    }
  })
}

/**
 * Numbers by their configuration, still as text; {@link checkNumbers} checks them.
 * @throws UserError `missing` for a column that does not exist
 */
export function numberColumns(log: LogFiles, configured: Mapping['users']['numbers'], key: string): DescribedColumn[] {
  return Object.entries(configured).map(([name, written]) => {
    const column = needColumn(log, written, [], `${key}.${name}`)
    return { name, column, value: `nullif(trim(${log.columns.get(column)}), '')` }
  })
}

/** SQL expressions that select fields and numbers, as `field_NAME` and `number_NAME`. */
export function describedSql(fields: readonly DescribedColumn[], numbers: readonly DescribedColumn[]): string[] {
  return [
    ...fields.map(({ name, value }) => `${value} AS ${identifier(`field_${name}`)}`),
    ...numbers.map(({ name, value }) => `${value} AS ${identifier(`number_${name}`)}`),
  ]
}

/** @throws UserError `invalid` for text where a number should be, naming row and column */
export function checkNumbers(db: Database, numbers: readonly DescribedColumn[], table: CheckedTable): Promise<void> {
  const checks = numbers.map(({ name, column }) => {
    const value = identifier(`number_${name}`)
    const bad = `${value} IS NOT NULL AND NOT coalesce(isfinite(TRY_CAST(${value} AS DOUBLE)), false)`
    return { column, bad, value, problem: 'invalid' as const, expected: 'a number' }
  })
  return checkRecords(db, checks, table)
}

/** @throws UserError `missing` for a record of a table without an id, `invalid` for what is no id */
export function checkIds(db: Database, column: string, table: CheckedTable): Promise<void> {
  return checkRecords(db, idChecks(column, 'id'), table)
}
