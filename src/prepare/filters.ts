/** @file The filters of a log, and how much each removes. */

import type { Manifest } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import type { Database } from '../storage/duckdb.ts'
import type { Loss } from './dropped.ts'
import type { Mapping } from './mapping.ts'
import type { Counts, PartitionStep } from './partition-step.ts'
import type { Partitions } from './partitions.ts'
import { replaceRows } from './rows.ts'
import type { RawTables } from './sources/source.ts'

/** How much one filter removed; see the manifest. */
type Dropped = Manifest['dropped'][number]

/** The numbers of events, users and items after a filter. */
interface EventCounts {
  events: number
  users: number
  items: number
}

interface Step {
  readonly filter: string
  readonly key?: Loss['key']
  readonly select: string
  /** SQL that each partition has to run before the first of them is filtered. */
  readonly gather?: string
}

/** What the filters removed, for the manifest and for the report. */
export interface Filtered {
  readonly dropped: readonly Dropped[]
  readonly losses: readonly Loss[]
}

/**
 * Runs the filters over the events in this order: odd times and unlisted items (if they are to be dropped), exact
 * duplicates, rare items, users with few events. Makes the tables `kept_users` and `kept_items` of those that are left.
 * @throws UserError `empty` when nothing is left, saying how much each filter removed
 */
export async function filterEvents(
  db: Database,
  raw: RawTables,
  { where, partitions }: { where: string; partitions: Partitions },
): Promise<Filtered> {
  await db.run(`CREATE TABLE kept_users (user INTEGER); CREATE TABLE kept_items (item INTEGER);
    CREATE TABLE seen_items (after UTINYINT, item INTEGER); CREATE TABLE item_records (item INTEGER, records BIGINT)`)
  const { filters } = raw.mapping
  const asked: Asked = { filters, hasItemTable: raw.fields !== undefined, ordered: raw.time === 'order' }
  const steps = stepsOf(asked)
  const counts = Array.from({ length: steps.length + 1 }, (): EventCounts => ({ events: 0, users: 0, items: 0 }))
  for (const pass of passesOf(steps).keys()) {
    const found = await partitions.change('events', filterStep, { ...asked, pass })
    for (const [after, count] of counts.entries()) {
      count.events += found[`events ${after}`] ?? 0
      count.users += found[`users ${after}`] ?? 0
    }
  }
  for (const [after, count] of counts.entries()) {
    const [found] = await db.rows<{ items: number }>(
      `SELECT count(DISTINCT item) AS items FROM seen_items WHERE after = ${after}`,
    )
    count.items = found?.items ?? 0
  }
  await db.run(`INSERT INTO kept_items SELECT DISTINCT item FROM seen_items WHERE after = ${steps.length};
    DROP TABLE seen_items; DROP TABLE item_records`)
  return told(steps, counts, where)
}

/** What decides which filters there are. */
interface Asked {
  readonly filters: Mapping['filters']
  readonly hasItemTable: boolean
  /** Whether time is an order. */
  readonly ordered: boolean
}

/** The filters of one pass over the events of a partition. */
export const filterStep: PartitionStep<Asked & { readonly pass: number }> = {
  name: 'filters',
  reads: { item_records: '*' },
  adds: ['kept_users', 'seen_items', 'item_records'],
  async run(db, { pass, ...asked }) {
    const steps = stepsOf(asked)
    const passes = passesOf(steps)
    const counts: Record<string, number> = {}
    if (pass === 0) Object.assign(counts, await countsAfter(db, 0))
    for (const step of passes[pass] ?? []) {
      await replaceRows(db, 'events', step.select)
      Object.assign(counts, await countsAfter(db, steps.indexOf(step) + 1))
    }
    const gather = passes[pass + 1]?.[0]?.gather
    await db.run(gather ?? 'INSERT INTO kept_users SELECT DISTINCT user FROM events')
    return { counts, rows: 'FROM events' }
  },
}

function stepsOf({ filters, hasItemTable, ordered }: Asked): Step[] {
  const { minimumEventsPerItem, minimumEventsPerUser, oddTimes } = filters
  // Several events from one log record, one for each of its behaviors, count once.
  const records = 'count(DISTINCT row)'
  const steps: (Step | false)[] = [
    oddTimes === 'drop' && {
      filter: 'odd times',
      key: 'oddTimes',
      select: 'SELECT * FROM events WHERE time IS NOT NULL',
    },
    hasItemTable && {
      filter: 'items not in the item table',
      key: 'unlistedItems',
      select: 'SELECT * FROM events WHERE item IS NOT NULL',
    },
    // If time is an order, each record has its own place, so nothing is a duplicate.
    !ordered && {
      filter: 'exact duplicates',
      select:
        'SELECT user, item, behavior, time, max(role) AS role, min(row) AS row FROM events GROUP BY user, item, behavior, time',
    },
    minimumEventsPerItem > 1 && {
      filter: `items with fewer than ${minimumEventsPerItem} events`,
      key: 'minimumEventsPerItem',
      gather: `INSERT INTO item_records SELECT item, ${records} FROM events GROUP BY item`,
      select: `SELECT * FROM events SEMI JOIN
        (SELECT item FROM item_records GROUP BY item HAVING sum(records) >= ${minimumEventsPerItem}) USING (item)`,
    },
    minimumEventsPerUser > 1 && {
      filter: `users with fewer than ${minimumEventsPerUser} events`,
      key: 'minimumEventsPerUser',
      select: `SELECT * FROM events SEMI JOIN
        (SELECT user FROM events GROUP BY user HAVING ${records} >= ${minimumEventsPerUser}) USING (user)`,
    },
  ]
  return steps.filter((step) => step !== false)
}

/** The steps in passes over all partitions; a step that gathers from all of them begins a pass. */
function passesOf(steps: readonly Step[]): Step[][] {
  const passes: Step[][] = [[]]
  for (const step of steps) {
    if (step.gather !== undefined) passes.push([])
    passes.at(-1)?.push(step)
  }
  return passes
}

/** Counts what a partition has after so many steps. A user is in one partition only; an item may be in several. */
async function countsAfter(db: Database, after: number): Promise<Counts> {
  const [found] = await db.rows<{ events: number; users: number }>(
    'SELECT count(*) AS events, count(DISTINCT user) AS users FROM events',
  )
  await db.run(`INSERT INTO seen_items SELECT DISTINCT ${after}, item FROM events
    WHERE item IS NOT NULL AND item NOT IN (SELECT item FROM seen_items WHERE after = ${after})`)
  return { [`events ${after}`]: found?.events ?? 0, [`users ${after}`]: found?.users ?? 0 }
}

function told(steps: readonly Step[], counts: readonly EventCounts[], where: string): Filtered {
  const [first, last] = [counts[0] as EventCounts, counts.at(-1) as EventCounts]
  const removed = steps.map(({ filter, key }, at) => {
    const [before, after] = [counts[at] as EventCounts, counts[at + 1] as EventCounts]
    const [events, users, items] = (['events', 'users', 'items'] as const).map((what) => before[what] - after[what])
    const loss: Loss = {
      reason: filter,
      key,
      what: 'events',
      lost: events as number,
      of: first.events,
      further: `, ${users} users, ${items} items`,
    }
    return { dropped: { filter, events, users, items } as Dropped, loss }
  })
  const dropped = removed.map((one) => one.dropped)
  if (last.events === 0) throw nothingLeft(where, first.events, dropped)
  return { dropped, losses: removed.map(({ loss }) => loss) }
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
