/** @file Warns of times that are years away from all others: read well, but hardly meant. */
import type { Database } from '../../storage/duckdb.ts'
import type { TimeColumn } from './time-rule.ts'

const year = 365.25 * 24 * 3600 * 1000
/** Neighbors in time this far apart are a jump. */
const jump = 2 * year
/** At most this share of the rows lies beyond a jump that warns; more is a shop that was closed for years. */
const few = 0.01

/** Rows of the log within one year, by their times. */
interface YearOfRows {
  readonly count: number
  readonly first: number
  readonly last: number
  /** The record of the earliest and of the latest time. */
  readonly firstRow: number
  readonly lastRow: number
  readonly [column: string]: unknown
}

/** Reports the few rows before a jump of years, and the few after one, if there are any. */
export async function warnOfGaps(
  db: Database,
  clock: string,
  { column, place }: TimeColumn,
  report: (line: string) => void,
): Promise<void> {
  // Two times that far apart are in two of these years, so it is enough to look at the ends of each year.
  const years = await db.rows<YearOfRows & Record<string, unknown>>(
    `SELECT count(*) AS count, min(time) AS first, max(time) AS last, arg_min(place, time) AS firstRow, arg_max(place, time) AS lastRow
    FROM (SELECT rowid AS place, ${clock} AS time FROM raw_log) WHERE time IS NOT NULL GROUP BY floor(time / ${year}) ORDER BY first`,
  )
  const tell = async (stray: readonly YearOfRows[], side: 'before' | 'after', gap: number): Promise<void> => {
    const end = side === 'before' ? stray[0] : stray.at(-1)
    if (!end) return
    const [row, time] = side === 'before' ? [end.firstRow, end.first] : [end.lastRow, end.last]
    const [record] = await db.rows<{ time: string | null }>(`SELECT time FROM raw_log WHERE rowid = ${row}`)
    const rows = countOf(stray)
    const which = `the ${side === 'before' ? 'first' : 'last'} in ${await place(row)}, column "${column}"`
    const value = `"${(record?.time ?? '').slice(0, 60)}" (${new Date(time).toISOString().slice(0, 10)})`
    report(
      `warning: ${rows} of ${countOf(years)} times ${rows === 1 ? 'is' : 'are'} ${(gap / year).toFixed(1)} years ${side} all others; ${which} is ${value}`,
    )
  }
  const gaps = years
    .slice(1)
    .map((next, at) => ({ at: at + 1, gap: next.first - (years[at] as YearOfRows).last }))
    .filter(({ gap }) => gap >= jump)
  const most = few * countOf(years)
  const low = gaps.findLast(({ at }) => countOf(years.slice(0, at)) <= most)
  const high = gaps.find(({ at }) => countOf(years.slice(at)) <= most)
  if (low) await tell(years.slice(0, low.at), 'before', low.gap)
  if (high) await tell(years.slice(high.at), 'after', high.gap)
}

function countOf(years: readonly YearOfRows[]): number {
  return years.reduce((sum, { count }) => sum + count, 0)
}
