/** @file The filters of a log, and how much each removes. */

import type { Manifest } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import type { Database } from '../storage/duckdb.ts'
import type { RawTables } from './sources/source.ts'

/** How much one filter removed; see the manifest. */
export type Dropped = Manifest['dropped'][number]

/** The numbers of events, users and items in the table `events`. */
export interface EventCounts {
  readonly events: number
  readonly users: number
  readonly items: number
}

/** Counts the table `events`. */
export async function countEvents(db: Database): Promise<EventCounts> {
  const [counts] = await db.rows<EventCounts & Record<string, unknown>>(
    'SELECT count(*) AS events, count(DISTINCT user) AS users, count(DISTINCT item) AS items FROM events',
  )
  return counts ?? { events: 0, users: 0, items: 0 }
}

/**
 * Runs the filters over the table `events` in this order: odd times and unlisted items (if they are to be dropped),
 * exact duplicates, rare items, users with few events.
 * @throws UserError `empty` when nothing is left, saying how much each filter removed
 */
export async function filterEvents(db: Database, raw: RawTables, where: string): Promise<Dropped[]> {
  const { minimumEventsPerItem, minimumEventsPerUser } = raw.mapping.filters
  const steps: { filter: string; select: string }[] = [
    ...(raw.mapping.filters.oddTimes === 'drop'
      ? [{ filter: 'odd times', select: 'SELECT * FROM events WHERE time IS NOT NULL' }]
      : []),
    ...(raw.fields === undefined
      ? []
      : [{ filter: 'items not in the item table', select: 'SELECT * FROM events WHERE item IS NOT NULL' }]),
    // If time is an order, each record has its own place, so nothing is a duplicate.
    ...(raw.time === 'order'
      ? []
      : [
          {
            filter: 'exact duplicates',
            select:
              'SELECT user, item, behavior, time, max(role) AS role, min(row) AS row FROM events GROUP BY user, item, behavior, time',
          },
        ]),
    ...(minimumEventsPerItem > 1
      ? [
          {
            filter: `items with fewer than ${minimumEventsPerItem} events`,
            select: atLeast('item', minimumEventsPerItem),
          },
        ]
      : []),
    ...(minimumEventsPerUser > 1
      ? [
          {
            filter: `users with fewer than ${minimumEventsPerUser} events`,
            select: atLeast('user', minimumEventsPerUser),
          },
        ]
      : []),
  ]
  const dropped: Dropped[] = []
  const first = await countEvents(db)
  let before = first
  for (const { filter, select } of steps) {
    await db.run(`CREATE TABLE filtered AS ${select}; DROP TABLE events; ALTER TABLE filtered RENAME TO events`)
    const after = await countEvents(db)
    dropped.push({
      filter,
      events: before.events - after.events,
      users: before.users - after.users,
      items: before.items - after.items,
    })
    before = after
  }
  if (before.events === 0) throw nothingLeft(where, first.events, dropped)
  return dropped
}

/** Several events from one log record, one for each of its behaviors, count once. */
function atLeast(column: 'user' | 'item', least: number): string {
  return `SELECT * FROM events SEMI JOIN (SELECT ${column} FROM events GROUP BY ${column} HAVING count(DISTINCT row) >= ${least}) USING (${column})`
}

function nothingLeft(where: string, events: number, dropped: readonly Dropped[]): UserError {
  const took = dropped.map(({ filter, events: taken }) => `"${filter}" removed ${taken}`).join(', ')
  const hint =
    events === 0
      ? 'no record matches any of the behaviors; check their `when`'
      : 'lower filters.minimumEventsPerUser or filters.minimumEventsPerItem in the mapping'
  return new UserError({
    where,
    problem: 'empty',
    value: `none of ${events} events is left${took ? ` (${took})` : ''}`,
    hint,
  })
}
