/**
 * @file Turns a log's records into events of behaviors: by a column that names the behavior, by conditions on columns,
 * or both.
 */
import { basename } from 'node:path'
import { UserError } from '../../errors.ts'
import { literal } from '../../storage/duckdb.ts'
import type { Mapping } from '../mapping.ts'
import { conditionSql, type KeptColumns, numberChecks, readConditions } from './conditions.ts'
import type { LogFiles } from './log-files.ts'
import type { RecordCheck } from './records.ts'

interface BehaviorRules {
  readonly checks: readonly RecordCheck[]
  /** The SQL of `raw_events`; its argument is the SQL of the time. */
  select(time: string): string
}

interface LogColumns {
  readonly log: LogFiles
  /** The columns that `raw_log` keeps; those that conditions read are added. */
  readonly kept: KeptColumns
  /** The behavior column, if the log has one; in `raw_log` its name is `behavior`. */
  readonly column: string | undefined
}

/**
 * The rules of a mapping's behaviors over a log.
 * @throws UserError `invalid` for a condition that cannot be read, `missing` for a column it names, or for the behavior
 * column where behaviors could not be told apart without it
 */
export function behaviorRules(mapping: Mapping, { log, kept, column }: LogColumns): BehaviorRules {
  const behaviors = mapping.behaviors.map((behavior) => (typeof behavior === 'string' ? { name: behavior } : behavior))
  const conditions = behaviors.map(({ name, when }) =>
    when === undefined ? [] : readConditions(`behavior "${name}"`, when, log),
  )
  if (column === undefined) refuseAlike(behaviors, log)
  const values = behaviors.map(({ name, from }) => [from ?? name].flat())
  const known = [...values.flat(), ...mapping.ignoredBehaviors]
  const tests = behaviors.map((_, index) => [
    ...(column === undefined ? [] : [`behavior IN (${(values[index] ?? []).map(literal).join(', ')})`]),
    ...(conditions[index] ?? []).map((condition) => conditionSql(condition, kept)),
  ])
  return {
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
              hint: () => 'declare it under behaviors in the mapping, or list it under ignoredBehaviors',
            },
          ]),
      ...numberChecks(conditions.flat(), kept),
    ],
    select: (time) => selectEvents(tests, time, column !== undefined && conditions.flat().length === 0),
  }
}

/** Without a behavior column, every row would be each behavior that has no `when`. */
function refuseAlike(
  behaviors: readonly { name: string; from?: unknown; when?: string | undefined }[],
  log: LogFiles,
): void {
  const alike = behaviors.filter(({ when }) => when === undefined)
  const named = behaviors.find(({ from }) => from !== undefined) ?? alike[1]
  if (!named) return
  throw new UserError({
    where: basename(log.files[0] ?? ''),
    problem: 'missing',
    value: `the column of behaviors, which behavior "${named.name.slice(0, 60)}" needs`,
    hint: 'name it with events.behavior in the mapping, or give the behavior a when',
  })
}

/** One pass over the log if a record has at most one behavior; otherwise a pass for each behavior. */
function selectEvents(tests: readonly (readonly string[])[], time: string, exclusive: boolean): string {
  const event = (behavior: string): string =>
    `SELECT user, item, CAST(${behavior} AS UTINYINT) AS behavior, ${time} AS time, CAST(0 AS UTINYINT) AS role, rowid AS row FROM raw_log`
  if (exclusive) {
    const cases = tests.map((test, index) => `WHEN ${test.join(' AND ')} THEN ${index}`)
    return `SELECT * FROM (${event(`CASE ${cases.join(' ')} END`)}) WHERE behavior IS NOT NULL`
  }
  return tests
    .map((test, index) => `${event(String(index))}${test.length > 0 ? ` WHERE ${test.join(' AND ')}` : ''}`)
    .join(' UNION ALL ')
}
