/** @file How a log's time column becomes milliseconds since 1970. */
import { type Database, literal } from '../../storage/duckdb.ts'
import type { Mapping } from '../mapping.ts'

/** How to read the column `time` of `raw_log`. */
export interface TimeRule {
  /** SQL for the time as DOUBLE; NULL when it cannot be read. */
  readonly sql: string
  readonly expected: string
  /** What the values showed, as a line of progress. */
  readonly note?: string
}

const perUnit = { seconds: 1000, milliseconds: 1, microseconds: 0.001 } as const
const year1973InMilliseconds = 1e11

/**
 * The rule of a mapping. If the mapping does not set the unit, the values decide: text, or a number whose size tells
 * the unit.
 */
export async function timeRule(
  db: Database,
  { timeUnit, timeFormat }: Mapping['events'],
  column: string | undefined,
): Promise<TimeRule> {
  if (column === undefined) return { sql: 'CAST(rowid AS DOUBLE)', expected: 'an order' }
  if (timeUnit === 'order') return { sql: 'TRY_CAST(time AS DOUBLE)', expected: 'a number that gives the order' }
  if (timeFormat !== undefined) {
    return {
      sql: `CAST(epoch_ms(TRY_STRPTIME(time, ${literal(timeFormat)})) AS DOUBLE)`,
      expected: `a time like ${timeFormat}`,
    }
  }
  const unit = timeUnit === 'auto' ? await guessUnit(db) : timeUnit
  const note =
    timeUnit === 'auto'
      ? { note: `times in column "${column}" read as ${unit === 'text' ? 'text' : `${unit} since 1970`}` }
      : {}
  if (unit === 'text')
    return {
      sql: 'CAST(epoch_ms(TRY_CAST(time AS TIMESTAMPTZ)) AS DOUBLE)',
      expected: 'a time like 2024-01-31 18:05:00',
      ...note,
    }
  return {
    sql: `round(TRY_CAST(time AS DOUBLE) * ${perUnit[unit]})`,
    expected: `a number of ${unit} since 1970`,
    ...note,
  }
}

async function guessUnit(db: Database): Promise<keyof typeof perUnit | 'text'> {
  const [found] = await db.rows<{ most: number | null; numbers: number; all: number }>(
    'SELECT max(TRY_CAST(time AS DOUBLE)) AS most, count(TRY_CAST(time AS DOUBLE)) AS numbers, count(*) AS all FROM raw_log',
  )
  if (!found || found.most === null || found.numbers * 2 < found.all) return 'text'
  if (found.most >= year1973InMilliseconds * 1000) return 'microseconds'
  return found.most >= year1973InMilliseconds ? 'milliseconds' : 'seconds'
}
