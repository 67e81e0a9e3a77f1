/** @file Sequences in one cell, made into a record for each item. */
import { UserError } from '../../errors.ts'
import { type Database, literal } from '../../storage/duckdb.ts'
import type { LogFiles } from './log-files.ts'
import { placeOf } from './records.ts'

/**
 * Makes `raw_log` from `raw_cells`, whose item cells are sequences; a time cell has as many times.
 * @returns where a record of `raw_log` is: the row of its cell
 * @throws UserError `mismatched` for a cell with another number of times than items
 */
export async function splitCells(
  db: Database,
  split: string,
  { log, time }: { log: LogFiles; time: string | undefined },
): Promise<(row: number) => Promise<string>> {
  const cells = placeOf(db, 'raw_cells', log)
  const parts = (column: string): string =>
    `list_transform(string_split(trim(${column}), ${literal(split)}), lambda part: trim(part))`
  if (time !== undefined) await refuseOtherCounts(db, { parts, time, cells })
  const times = time === undefined ? '' : `, unnest(${parts('time')}) AS time`
  await db.run(`CREATE TABLE raw_log AS
    SELECT * EXCLUDE (item${time === undefined ? '' : ', time'}), rowid AS cell, unnest(${parts('item')}) AS item${times}
    FROM raw_cells ORDER BY rowid`)
  return async (row) => {
    const [found] = await db.rows<{ cell: number }>(`SELECT cell FROM raw_log WHERE rowid = ${row}`)
    return cells(found?.cell ?? 0)
  }
}

interface Counted {
  readonly parts: (column: string) => string
  readonly time: string
  readonly cells: (row: number) => Promise<string>
}

async function refuseOtherCounts(db: Database, { parts, time, cells }: Counted): Promise<void> {
  const [items, times] = [`len(${parts('item')})`, `len(${parts('time')})`]
  const [bad] = await db.rows<{ row: number; items: number; times: number }>(
    `SELECT rowid AS row, ${items} AS items, ${times} AS times FROM raw_cells WHERE ${items} != ${times} ORDER BY rowid LIMIT 1`,
  )
  if (!bad) return
  const hint = 'set events.timeUnit to order, without events.time, if the cell is in order'
  throw new UserError({
    where: await cells(bad.row),
    problem: 'mismatched',
    value: `${bad.times} ${bad.times === 1 ? 'time' : 'times'} in column "${time}"`,
    expected: `${bad.items}, one for each item`,
    hint,
  })
}
