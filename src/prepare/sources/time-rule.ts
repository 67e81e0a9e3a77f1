/** @file How a log's time column becomes milliseconds since 1970, and which times are odd. */
import { UserError } from '../../errors.ts'
import { type Database, literal } from '../../storage/duckdb.ts'
import type { Mapping } from '../mapping.ts'

/** How to read the column `time` of `raw_log`. */
export interface TimeRule {
  /** SQL for the time as DOUBLE; NULL when it cannot be read. */
  readonly sql: string
  /** SQL that is true where the time cannot be read, or is outside the years that logs are from. */
  readonly odd: string
  readonly expected: string
  /** What the values showed, as a line of progress. */
  readonly note?: string
}

/** The time column of `raw_log`. */
export interface TimeColumn {
  /** Its name in the file; undefined if the log has only an order. */
  readonly column: string | undefined
  /** The mapping's name in errors. */
  readonly mappingName: string
  readonly place: (row: number) => Promise<string>
}

const perUnit = { seconds: 1000, milliseconds: 1, microseconds: 0.001 } as const
type Unit = keyof typeof perUnit
/** What a single value looks like. `date` is a number like 20240131, `larger` is too large for any unit. */
type Look = Unit | 'text' | 'date' | 'larger'

/** Events are from 1970 until here. A value in a wrong unit is nearly always outside. */
const year2100 = Date.UTC(2100, 0)
/** So many of the values must look like one unit before it is taken for all. */
const agreement = 0.99

/**
 * The rule of a mapping. If the mapping does not set the unit, nearly all values have to agree on it.
 * @throws UserError `mismatched` when the values agree on no unit, `unsupported` when they agree on one we do not read,
 * `invalid` for a pattern that cannot be read
 */
export async function timeRule(db: Database, events: Mapping['events'], log: TimeColumn): Promise<TimeRule> {
  const { timeUnit, timeFormat } = events
  const { column } = log
  if (column === undefined) return ordered('CAST(rowid AS DOUBLE)', 'an order')
  if (timeUnit === 'order') return ordered('TRY_CAST(time AS DOUBLE)', 'a number that gives the order')
  if (timeFormat !== undefined) {
    await tryPattern(db, timeFormat, log.mappingName)
    const sql = `CAST(epoch_ms(TRY_STRPTIME(time, ${literal(timeFormat)})) AS DOUBLE)`
    return dated(sql, `a time like ${timeFormat}`)
  }
  const pattern = timeUnit === 'auto' ? await agreedPattern(db, { ...log, column }) : undefined
  if (pattern !== undefined) {
    const sql = `CAST(epoch_ms(TRY_STRPTIME(time, ${literal(pattern)})) AS DOUBLE)`
    return { ...dated(sql, `a time like ${pattern}`), note: `times in column "${column}" read as ${pattern}` }
  }
  const unit = timeUnit === 'auto' ? await agreedUnit(db, { ...log, column }) : timeUnit
  const rule =
    unit === 'text'
      ? dated('CAST(epoch_ms(TRY_CAST(time AS TIMESTAMPTZ)) AS DOUBLE)', 'a time like 2024-01-31 18:05:00')
      : dated(`round(TRY_CAST(time AS DOUBLE) * ${perUnit[unit]})`, `a number of ${unit} since 1970`)
  if (timeUnit !== 'auto') return rule
  return { ...rule, note: `times in column "${column}" read as ${unit === 'text' ? 'text' : `${unit} since 1970`}` }
}

function ordered(sql: string, expected: string): TimeRule {
  return { sql, expected, odd: `NOT coalesce(isfinite(${sql}), false)` }
}

function dated(sql: string, expected: string): TimeRule {
  const within = `(${sql}) >= 0 AND (${sql}) < ${year2100}`
  return { sql, expected: `${expected}, before 2100`, odd: `NOT coalesce(${within}, false)` }
}

/** Reads any text by the pattern, since only DuckDB knows which patterns it accepts. */
async function tryPattern(db: Database, pattern: string, mappingName: string): Promise<void> {
  try {
    await db.rows(`SELECT TRY_STRPTIME('', ${literal(pattern)}) AS time`)
  } catch {
    throw new UserError({
      where: `${mappingName} events.timeFormat`,
      problem: 'invalid',
      value: `"${pattern}"`,
      expected: "a pattern of strptime's letters, such as %d/%m/%Y %H:%M",
    })
  }
}

/** Dates with the day or the month first, and how a time of the day may follow. */
const datePatterns = ['%d/%m/%Y', '%m/%d/%Y', '%d.%m.%Y', '%d-%m-%Y', '%m-%d-%Y']
const clockPatterns = ['', ' %H:%M', ' %H:%M:%S']

/**
 * The one pattern that nearly all times have; undefined where none has, as with ISO dates and numbers.
 * @throws UserError `mismatched` where the day could be the month
 */
async function agreedPattern(db: Database, log: TimeColumn & { column: string }): Promise<string | undefined> {
  const patterns = datePatterns.flatMap((date) => clockPatterns.map((clock) => date + clock))
  const fits = patterns.map(
    (pattern, at) => `count(*) FILTER (WHERE TRY_STRPTIME(time, ${literal(pattern)}) IS NOT NULL) AS p${at}`,
  )
  const [counts] = await db.rows<Record<string, number>>(
    `SELECT count(*) AS all, min(rowid) AS first, ${fits.join(', ')} FROM raw_log WHERE regexp_matches(time, '^\\s*\\d{1,2}[/.-]\\d{1,2}[/.-]\\d{4}')`,
  )
  const [total] = await db.rows<{ all: number }>(
    "SELECT count(*) AS all FROM raw_log WHERE time IS NOT NULL AND time != ''",
  )
  if (!counts || !total || (counts['all'] ?? 0) < agreement * total.all || total.all === 0) return undefined
  const agreed = patterns.filter((_, at) => (counts[`p${at}`] ?? 0) >= agreement * (counts['all'] ?? 0))
  if (agreed.length < 2) return agreed[0]
  throw new UserError({
    where: await whereOf(log, counts['first'] ?? 0),
    problem: 'mismatched',
    value: `${await valueAt(db, counts['first'] ?? 0)}, where the day could be the month`,
    expected: 'dates of one pattern',
    hint: `set events.timeFormat to ${agreed.map((pattern) => `'${pattern}'`).join(' or ')} in the mapping`,
  })
}

async function agreedUnit(db: Database, log: TimeColumn & { column: string }): Promise<Unit | 'text'> {
  const looks = await db.rows<{ look: Look; count: number; first: number }>(
    `SELECT look, count(*) AS count, min(place) AS first FROM (${lookSql}) WHERE look IS NOT NULL GROUP BY look ORDER BY count DESC, look`,
  )
  const [most, second] = looks
  // No value can be read. The check of the rows names the first of them.
  if (!most) return 'text'
  const all = looks.reduce((sum, { count }) => sum + count, 0)
  if (second && most.count < agreement * all) {
    throw new UserError({
      where: await whereOf(log, second.first),
      problem: 'mismatched',
      value: `${await valueAt(db, second.first)} looks like ${worded[second.look]}, but ${most.count} of ${all} times like ${worded[most.look]}`,
      expected: 'one unit in 99 % of the rows',
      hint: 'say which with events.timeUnit in the mapping',
    })
  }
  if (most.look === 'date' || most.look === 'larger') throw await unread(db, log, most.look, most.first)
  return most.look
}

const worded: Record<Look, string> = {
  seconds: 'seconds',
  milliseconds: 'milliseconds',
  microseconds: 'microseconds',
  text: 'text',
  date: 'a date without dashes',
  larger: 'no unit',
}

const lookSql = `SELECT rowid AS place, CASE
  WHEN number IS NULL THEN CASE WHEN TRY_CAST(time AS TIMESTAMPTZ) IS NOT NULL THEN 'text' END
  WHEN number BETWEEN 19800101 AND 20991231 AND TRY_STRPTIME(time, '%Y%m%d') IS NOT NULL THEN 'date'
  WHEN abs(number) < 1e11 THEN 'seconds' WHEN abs(number) < 1e14 THEN 'milliseconds'
  WHEN abs(number) < 1e17 THEN 'microseconds' ELSE 'larger' END AS look
  FROM (SELECT rowid, time, TRY_CAST(time AS DOUBLE) AS number FROM raw_log)`

async function unread(
  db: Database,
  log: TimeColumn & { column: string },
  look: 'date' | 'larger',
  row: number,
): Promise<UserError> {
  return new UserError({
    where: await whereOf(log, row),
    problem: 'unsupported',
    value: await valueAt(db, row),
    expected: 'seconds, milliseconds or microseconds since 1970, or text',
    hint:
      look === 'date'
        ? "if it is a date, set events.timeFormat to '%Y%m%d' in the mapping; if it counts seconds, set events.timeUnit"
        : 'convert the times, or set events.timeUnit to order in the mapping if only their order counts',
  })
}

async function whereOf({ column, place }: TimeColumn, row: number): Promise<string> {
  return `${await place(row)}, column "${column}"`
}

/** A time as the log has it, in quotes and not too long. */
async function valueAt(db: Database, row: number): Promise<string> {
  const [record] = await db.rows<{ time: string | null }>(`SELECT time FROM raw_log WHERE rowid = ${row}`)
  const { time } = record ?? {}
  return time ? `"${time.slice(0, 60)}"` : 'nothing'
}

/** What happens with odd times. */
export interface OddTimes {
  readonly filter: Mapping['filters']['oddTimes']
  readonly report: (line: string) => void
}

/**
 * Refuses odd times, or makes them NULL if they are to be dropped; {@link filterEvents} then counts them.
 * @returns the SQL of the time
 * @throws UserError `invalid` for the first odd time, with how many there are
 */
export async function readTimes(
  db: Database,
  { sql, odd, expected }: TimeRule,
  log: TimeColumn,
  { filter, report }: OddTimes,
): Promise<string> {
  if (log.column === undefined) return sql
  const [found] = await db.rows<{ odd: number; all: number; first: number | null }>(
    `SELECT count(*) FILTER (WHERE ${odd}) AS odd, count(*) AS all, min(rowid) FILTER (WHERE ${odd}) AS first FROM raw_log`,
  )
  if (!found || found.first === null) return sql
  const where = await whereOf(log, found.first)
  const value = await valueAt(db, found.first)
  if (filter === 'drop' && found.odd < found.all) {
    report(`odd times: ${found.odd} of ${found.all} rows are dropped, the first is ${where}: ${value}`)
    return `CASE WHEN ${odd} THEN NULL ELSE ${sql} END`
  }
  const others = found.odd > 1 ? `, and ${found.odd - 1} of ${found.all} rows more` : ''
  const hint =
    found.odd * 2 > found.all
      ? 'check events.time, events.timeUnit and events.timeFormat in the mapping'
      : `correct ${found.odd > 1 ? 'them' : 'it'}, or drop such rows with filters.oddTimes: drop in the mapping`
  throw new UserError({ where, problem: 'invalid', value: `${value}${others}`, expected, hint })
}
