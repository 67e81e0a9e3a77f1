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
  /** The mapping's key of a number, for whoever has to correct it. */
  readonly key?: string
  /** What a number looks like, where the mapping says so. */
  readonly expected?: string
}

/**
 * Categorical fields by their configuration; '' means unknown.
 * @param key the mapping's key, such as `items.fields`
 * @throws UserError `missing` for a column that is not there
 */
export function fieldColumns(log: LogFiles, configured: Mapping['users']['fields'], key: string): DescribedColumn[] {
  return Object.entries(configured).map(([name, field]) => {
    const { column: written = '', before, oneHot } = typeof field === 'string' ? { column: field } : field
    if (oneHot) return oneHotColumn(log, { name, oneHot, key: `${key}.${name}` })
    const column = needColumn(log, written, [], `${key}.${name}`)
    const read = log.columns.get(column) as string
    return {
      name,
      column,
      value: `coalesce(${before === undefined ? read : `split_part(${read}, ${literal(before)}, 1)`}, '')`,
    }
  })
}

/** The name of the first column that is 1. */
function oneHotColumn(
  log: LogFiles,
  { name, oneHot, key }: { name: string; oneHot: readonly string[]; key: string },
): DescribedColumn {
  const columns = oneHot.map((column) => needColumn(log, column, [], key))
  const cases = columns.map(
    (column) => `WHEN TRY_CAST(${log.columns.get(column)} AS DOUBLE) = 1 THEN ${literal(column)}`,
  )
  return { name, column: columns[0] as string, value: `CASE ${cases.join(' ')} ELSE '' END` }
}

/**
 * Numbers by their configuration, still as text; {@link checkNumbers} checks them.
 * @throws UserError `missing` for a column that does not exist
 */
export function numberColumns(log: LogFiles, configured: Mapping['users']['numbers'], key: string): DescribedColumn[] {
  return Object.entries(configured).map(([name, number]) => {
    const { column: written, ...form } = typeof number === 'string' ? { column: number } : number
    const column = needColumn(log, written, [], `${key}.${name}`)
    return {
      name,
      column,
      key: `${key}.${name}`,
      value: `nullif(trim(${plainNumber(log.columns.get(column) as string, form)}), '')`,
      ...(form.decimal !== undefined && { expected: form.decimal === ',' ? 'as 1.234,50' : 'as 1,234.50' }),
    }
  })
}

/**
 * A number without what is left out, and with a point before its decimals. What is no number is marked and stays as it
 * is written; so is 12.50 where a comma stands before decimals, since without its point it would be 1250.
 */
function plainNumber(
  read: string,
  { strip = '', decimal }: { strip?: string | undefined; decimal?: string | undefined },
): string {
  if (strip === '' && decimal === undefined) return read
  const stripped = Array.from(strip).reduce((sql, character) => `replace(${sql}, ${literal(character)}, '')`, read)
  const number = `trim(${stripped})`
  const marked = (fits: string, plain: string): string =>
    `CASE WHEN ${number} = '' OR ${fits} THEN ${plain} ELSE chr(0) || ${read} END`
  if (decimal === undefined) return marked(`TRY_CAST(${number} AS DOUBLE) IS NOT NULL`, number)
  const group = decimal === ',' ? '.' : ','
  const form = String.raw`[-+]?(\d+|\d{1,3}([${group}]\d{2,3})*[${group}]\d{3})?([${decimal}]\d*)?([eE][-+]?\d+)?`
  const plain = `replace(replace(${number}, ${literal(group)}, ''), ',', '.')`
  return marked(`regexp_full_match(${number}, ${literal(form)})`, plain)
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
  const checks = numbers.map(({ name, column, key, expected }) => {
    const value = identifier(`number_${name}`)
    const help = `set strip and decimal of ${key} in the mapping, such as { column: price, strip: "$", decimal: "," }`
    const hint = (offending: string): string | undefined => (/\d/.test(offending) ? help : undefined)
    const bad = `${value} IS NOT NULL AND NOT coalesce(isfinite(TRY_CAST(${value} AS DOUBLE)), false)`
    const told = {
      value: `ltrim(${value}, chr(0))`,
      expected: `a number${expected === undefined ? '' : ` ${expected}`}`,
    }
    return { column, bad, problem: 'invalid' as const, ...told, hint }
  })
  return checkRecords(db, checks, table)
}

/** @throws UserError `missing` for a record of a table without an id, `invalid` for what is no id */
export function checkIds(db: Database, column: string, table: CheckedTable): Promise<void> {
  return checkRecords(db, idChecks(column, 'id'), table)
}
