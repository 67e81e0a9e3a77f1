/** @file The filters of a log, and how much each removes. */

import type { Manifest } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import type { Database } from '../storage/duckdb.ts'
import type { Loss } from './dropped.ts'
import type { RawTables } from './sources/source.ts'

/** How much one filter removed; see the manifest. */
type Dropped = Manifest['dropped'][number]

/** The numbers of events, users and items in the table `events`. */
export interface EventCounts {
  readonly events: number
  readonly users: number
  readonly items: number
}

interface Step {
  readonly filter: string
  readonly key?: Loss['key']
  readonly select: string
}

/** What the filters removed, for the manifest and for the report. */
export interface Filtered {
  readonly dropped: readonly Dropped[]
  readonly losses: readonly Loss[]
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
export async function filterEvents(db: Database, raw: RawTables, where: string): Promise<Filtered> {
  const { minimumEventsPerItem, minimumEventsPerUser } = raw.mapping.filters
  const steps: Step[] = [
    ...(raw.mapping.filters.oddTimes === 'drop'
      ? [{ filter: 'odd times', key: 'oddTimes', select: 'SELECT * FROM events WHERE time IS NOT NULL' } as const]
      : []),
    ...(raw.fields === undefined
      ? []
      : [
          {
            filter: 'items not in the item table',
            key: 'unlistedItems',
            select: 'SELECT * FROM events WHERE item IS NOT NULL',
          } as const,
        ]),
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
            key: 'minimumEventsPerItem',
            select: atLeast('item', minimumEventsPerItem),
          } as const,
        ]
      : []),
    ...(minimumEventsPerUser > 1
      ? [
          {
            filter: `users with fewer than ${minimumEventsPerUser} events`,
            key: 'minimumEventsPerUser',
            select: atLeast('user', minimumEventsPerUser),
          } as const,
        ]
      : []),
  ]
  const dropped: Dropped[] = []
  const first = await countEvents(db)
  let before = first
  const losses: Loss[] = []
  for (const { filter, key, select } of steps) {
    await db.run(`CREATE TABLE filtered AS ${select}; DROP TABLE events; ALTER TABLE filtered RENAME TO events`)
    const after = await countEvents(db)
    const [events, users, items] = (['events', 'users', 'items'] as const).map((what) => before[what] - after[what])
    dropped.push({ filter, events, users, items } as Dropped)
    const further = `, ${users} users, ${items} items`
    losses.push({ reason: filter, key, what: 'events', lost: events as number, of: first.events, further })
    before = after
  }
  if (before.events === 0) throw nothingLeft(where, first.events, dropped)
  return { dropped, losses }
}

/** Several events from one log record, one for each of its behaviors, count once. */
function atLeast(column: 'user' | 'item', least: number): string {
  return `SELECT * FROM events SEMI JOIN (SELECT ${column} FROM events GROUP BY ${column} HAVING count(DISTINCT row) >= ${least}) USING (${column})`
}

function nothingLeft(where: string, events: number, dropped: readonly Dropped[]): UserError {
  const took = dropped
    .filter(({ events: taken }) => taken > 0)
    .map(({ filter, events: taken }) => `"${filter}" removed ${taken}`)
  const hint =
    events === 0
      ? 'no record matches any of the behaviors; check their `when`'
      : [...took, 'lower filters.minimumEventsPerUser or filters.minimumEventsPerItem in the mapping'].join('; ')
  return new UserError({
    where,
    problem: 'empty',
    value: `none of ${events} events is left`,
    hint,
  })
}
