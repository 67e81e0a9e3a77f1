/** @file Conditions on a log's columns, such as `rating >= 4 and verified = 1`, as SQL over `raw_log`. */
import { UserError } from '../../errors.ts'
import { literal } from '../../storage/duckdb.ts'
import { type LogFiles, needColumn } from './log-files.ts'
import type { RecordCheck } from './records.ts'

/** A column compared with a value. */
export interface Condition {
  readonly column: string
  readonly operator: string
  readonly value: string
}

/** The columns that `raw_log` keeps beside user, item, time and behavior, each once. */
export interface KeptColumns {
  /** What a column is called in `raw_log`. */
  readonly alias: (column: string) => string
  /** The SQL expressions that select them. */
  readonly selects: () => string[]
}

/** Starts with no column. */
export function keptColumns(log: LogFiles): KeptColumns {
  const kept: string[] = []
  return {
    alias(column) {
      if (!kept.includes(column)) kept.push(column)
      return `v${kept.indexOf(column)}`
    },
    selects: () => kept.map((column, index) => `${log.columns.get(column)} AS v${index}`),
  }
}

/**
 * Reads conditions joined by `and`.
 * @param what the conditions belong to, e.g. `behavior "favorite"`
 * @throws UserError `invalid` for a condition that cannot be read, `missing` for a column that does not exist
 */
export function readConditions(what: string, when: string, log: LogFiles): Condition[] {
  const conditions: Condition[] = []
  // An unquoted value has no spaces, or `rating >= 4 or rating < 2` would compare with the text "4 or rating < 2".
  const next = /\s*([^\s<>=!'"]+)\s*(>=|<=|!=|=|>|<)\s*('[^']*'|"[^"]*"|[^\s<>=!'"]+)\s*(?:$|and\s+)/iy
  do {
    const found = next.exec(when)
    if (!found) {
      throw new UserError({
        where: what,
        problem: 'invalid',
        value: `when: ${when}`,
        expected:
          'a condition like rating >= 4 with =, !=, <, <=, > or >=, or several joined by and; a value with spaces in quotes',
      })
    }
    const [, column = '', operator = '', value = ''] = found
    conditions.push({
      column: needColumn(log, column, [], `the \`when\` of ${what}`),
      operator,
      value: value.replace(/^(['"])(.*)\1$/s, '$2'),
    })
  } while (next.lastIndex < when.length || /\sand\s+$/i.test(when))
  return conditions
}

/** A condition as SQL. If the value is a number, the column is read as a number. */
export function conditionSql(condition: Condition, { alias }: KeptColumns): string {
  const { operator, value } = condition
  const column = alias(condition.column)
  return isNumber(condition)
    ? `TRY_CAST(${column} AS DOUBLE) ${operator} ${Number(value)}`
    : `${column} ${operator} ${literal(value)}`
}

/** Checks that a column holds numbers, if a condition compares it with a number. */
export function numberChecks(conditions: readonly Condition[], { alias }: KeptColumns): RecordCheck[] {
  const columns = [...new Set(conditions.filter(isNumber).map(({ column }) => column))]
  return columns.map((column) => ({
    column,
    bad: `${alias(column)} IS NOT NULL AND TRY_CAST(${alias(column)} AS DOUBLE) IS NULL`,
    value: alias(column),
    problem: 'invalid',
    expected: 'a number',
  }))
}

function isNumber({ value }: Condition): boolean {
  return value !== '' && Number.isFinite(Number(value))
}
