/** @file How a log's records become events of behaviors: by a column that names them, by conditions on columns, or by both. */
import { UserError } from '../../errors.ts'
import { literal } from '../duckdb.ts'
import type { Mapping } from '../mapping.ts'
import { type LogFiles, needColumn } from './log-files.ts'
import type { RecordCheck } from './records.ts'

interface BehaviorRules {
  /** Select items to keep in `raw_log` beside user, item and time. */
  readonly columns: readonly string[]
  readonly checks: readonly RecordCheck[]
  /** The SQL of `raw_events`, given that of the time. */
  select(time: string): string
}

interface Condition {
  readonly column: string
  readonly operator: string
  readonly value: string
}

/**
 * The rules of a mapping's behaviors over a log.
 * @param column the behavior column, if the log has one
 * @throws UserError `invalid` for a condition that cannot be read, `missing` for a column it names
 */
export function behaviorRules(mapping: Mapping, log: LogFiles, column: string | undefined): BehaviorRules {
  const behaviors = mapping.behaviors.map((behavior) => (typeof behavior === 'string' ? { name: behavior } : behavior))
  const conditions = behaviors.map(({ name, when }) => (when === undefined ? [] : readConditions(name, when, log)))
  const used = [...new Set(conditions.flat().map((condition) => condition.column))]
  const alias = (name: string): string => `v${used.indexOf(name)}`
  const values = behaviors.map(({ name, from }) => [from ?? name].flat())
  const known = [...values.flat(), ...mapping.ignoredBehaviors]
  const tests = behaviors.map((_, index) => [
    ...(column === undefined ? [] : [`behavior IN (${(values[index] ?? []).map(literal).join(', ')})`]),
    ...(conditions[index] ?? []).map((condition) => conditionSql(condition, alias(condition.column))),
  ])
  return {
    columns: [
      ...(column === undefined ? [] : [`${log.columns.get(column)} AS behavior`]),
      ...used.map((name) => `${log.columns.get(name)} AS ${alias(name)}`),
    ],
    checks: [
      ...(column === undefined
        ? []
        : [
            {
              column,
              bad: `behavior IS NULL OR behavior NOT IN (${known.map(literal).join(', ')})`,
              value: 'behavior',
              problem: 'unknown' as const,
              expected: '',
              known,
            },
          ]),
      ...numericColumns(conditions.flat()).map((name) => ({
        column: name,
        bad: `${alias(name)} IS NOT NULL AND TRY_CAST(${alias(name)} AS DOUBLE) IS NULL`,
        value: alias(name),
        problem: 'invalid' as const,
        expected: 'a number',
      })),
    ],
    select: (time) => selectEvents(tests, time, column !== undefined && used.length === 0),
  }
}

/** One pass where a record is at most one behavior; else a pass for each, since a record may be several. */
function selectEvents(tests: readonly (readonly string[])[], time: string, exclusive: boolean): string {
  const event = (behavior: string): string =>
    `SELECT user, item, CAST(${behavior} AS UTINYINT) AS behavior, ${time} AS time, CAST(0 AS UTINYINT) AS role, rowid AS row FROM raw_log`
  if (exclusive) {
    const cases = tests.map((test, index) => `WHEN ${test.join(' AND ')} THEN ${index}`)
    return `SELECT * FROM (${event(`CASE ${cases.join(' ')} END`)}) WHERE behavior IS NOT NULL`
  }
  return tests.map((test, index) => `${event(String(index))}${test.length > 0 ? ` WHERE ${test.join(' AND ')}` : ''}`).join(' UNION ALL ')
}

function readConditions(behavior: string, when: string, log: LogFiles): Condition[] {
  return when.split(/\s+and\s+/i).map((text) => {
    const found = /^\s*([^\s<>=!]+)\s*(>=|<=|!=|=|>|<)\s*(.+?)\s*$/.exec(text)
    if (!found) {
      throw new UserError({
        where: `behavior "${behavior}"`,
        problem: 'invalid',
        value: `when: ${when}`,
        expected: 'a condition like rating >= 4, or several joined by and',
      })
    }
    const [, column = '', operator = '', value = ''] = found
    return { column: needColumn(log, column, [], `the \`when\` of behavior "${behavior}"`), operator, value: value.replace(/^(['"])(.*)\1$/, '$2') }
  })
}

function isNumber({ value }: Condition): boolean {
  return value !== '' && Number.isFinite(Number(value))
}

function numericColumns(conditions: readonly Condition[]): string[] {
  return [...new Set(conditions.filter(isNumber).map(({ column }) => column))]
}

function conditionSql(condition: Condition, column: string): string {
  const { operator, value } = condition
  return isNumber(condition) ? `TRY_CAST(${column} AS DOUBLE) ${operator} ${Number(value)}` : `${column} ${operator} ${literal(value)}`
}
