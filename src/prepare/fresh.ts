/**
 * @file Adds the events that a service stored to those of the log, and leaves out what the log has of users who were
 * forgotten.
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { UserError } from '../errors.ts'
import { type Database, literals } from '../storage/duckdb.ts'
import { forgottenBeside, freshColumns } from '../storage/fresh-file.ts'
import { regularFile } from '../storage/regular-file.ts'
import { type LogFiles, openFiles } from './sources/log-files.ts'
import { makeTable } from './sources/raw-table.ts'
import { checkRecords, idChecks, placeOf } from './sources/records.ts'
import type { RawTables } from './sources/source.ts'

/**
 * Adds a file of fresh events to the tables of a source.
 * @throws UserError `unsupported` for a log without times, or with a split of its own; `missing` without the list of
 * forgotten users beside the file; as reading a log does for what is in the file
 */
export async function addFresh(
  db: Database,
  raw: RawTables,
  file: string,
  report: (line: string) => void,
): Promise<RawTables> {
  if (raw.time === 'order' || raw.ownSplit) {
    const value = raw.ownSplit ? 'a log that is already split' : 'a log that has an order and no times'
    throw new UserError({ where: '--fresh', problem: 'unsupported', value, expected: 'a log with times' })
  }
  const forgotten = readForgotten(file)
  const log = await openFiles(db, [file])
  const [found] = await db.rows<{ count: number }>(`SELECT count(*) AS count FROM ${log.scan}`)
  const fresh = found?.count ?? 0
  if (fresh > 0) await readEvents(db, log, raw)
  await leaveOut(db, raw, forgotten)
  report(`${fresh} events from ${basename(file)}; ${forgotten.length} forgotten users are left out of the log`)
  return fresh === 0 ? raw : union(db, raw, placeOf(db, 'raw_fresh', log))
}

function readForgotten(events: string): string[] {
  const path = forgottenBeside(events)
  const expected = 'the list that siftrec export-events wrote beside the events'
  regularFile(path, { missing: expected, expected })
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
}

/** Makes the table `raw_fresh`. */
async function readEvents(db: Database, log: LogFiles, raw: RawTables): Promise<void> {
  const [behavior, time] = [columnOf(log, 'behavior'), columnOf(log, 'time')]
  for (const id of ['user', 'item']) columnOf(log, id)
  const columns = [`${log.readId('user')} AS user`, `${log.readId('item')} AS item`, `${behavior} AS behavior`]
  await makeTable(db, 'raw_fresh', `SELECT ${columns.join(', ')}, ${time} AS time FROM ${log.scan}`, [log])
  const behaviors = {
    column: 'behavior',
    value: 'behavior',
    problem: 'unknown',
    expected: '',
    known: raw.behaviors,
  } as const
  const times = {
    column: 'time',
    value: 'time',
    problem: 'invalid',
    expected: 'milliseconds from 1970 to 2099',
  } as const
  const milliseconds = 'TRY_CAST(time AS BIGINT)'
  await checkRecords(
    db,
    [
      ...idChecks('user', 'user'),
      ...idChecks('item', 'item'),
      { ...behaviors, bad: `behavior IS NULL OR NOT list_contains(${literals(raw.behaviors)}, behavior)` },
      {
        ...times,
        bad: `${milliseconds} IS NULL OR ${milliseconds} < 0 OR ${milliseconds} >= epoch_ms(DATE '2100-01-01')`,
      },
    ],
    { table: 'raw_fresh', place: placeOf(db, 'raw_fresh', log) },
  )
}

function columnOf(log: LogFiles, name: string): string {
  const sql = log.columns.get(name)
  if (sql !== undefined) return sql
  const where = basename(log.files[0] ?? '')
  const hint = 'such a file is written by siftrec export-events'
  throw new UserError({ where, problem: 'missing', value: `column "${name}"`, expected: freshColumns.join(', '), hint })
}

/** Leaves out what the log has of users; what came of them afterwards is a new user's. */
async function leaveOut(db: Database, { impressionLabels }: RawTables, users: readonly string[]): Promise<void> {
  if (users.length === 0) return
  await db.run('CREATE TABLE raw_forgotten (id VARCHAR)')
  await db.append(
    'raw_forgotten',
    users.map((user) => [user]),
  )
  for (const table of ['raw_events', ...(impressionLabels ? ['raw_impressions'] : [])])
    await db.run(`ALTER VIEW ${table} RENAME TO whole_${table};
      CREATE VIEW ${table} AS SELECT * FROM whole_${table} WHERE user NOT IN (SELECT id FROM raw_forgotten)`)
}

/** The rows of fresh events come after all rows of the log. */
async function union(db: Database, raw: RawTables, place: (row: number) => Promise<string>): Promise<RawTables> {
  const tables = ['raw_events', ...(raw.impressionLabels ? ['raw_impressions'] : [])]
  const lasts = tables.map((table) => `SELECT max(row) AS row FROM ${table}`)
  const [found] = await db.rows<{ next: number }>(
    `SELECT coalesce(max(row), -1) + 1 AS next FROM (${lasts.join(' UNION ALL ')})`,
  )
  const next = found?.next ?? 0
  await db.run(`ALTER VIEW raw_events RENAME TO logged_events;
    CREATE VIEW raw_events AS SELECT * FROM logged_events UNION ALL
    SELECT user, item, CAST(list_position(${literals(raw.behaviors)}, behavior) - 1 AS UTINYINT) AS behavior,
      CAST(time AS DOUBLE) AS time, CAST(0 AS UTINYINT) AS role, rowid + ${next} AS row FROM raw_fresh`)
  return { ...raw, eventPlace: (row) => (row < next ? raw.eventPlace(row) : place(row - next)) }
}
