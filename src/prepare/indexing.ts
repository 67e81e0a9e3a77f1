/**
 * @file Numbers users and items: the tables `items` (n, id, ...), `users` (n, id, partition), and `events` (user, item,
 * behavior, time, role, row) in partitions.
 */
import { UserError } from '../errors.ts'
import { type Database, identifier } from '../storage/duckdb.ts'
import type { Filtered } from './filters.ts'
import type { Partitions } from './partitions.ts'
import { keepsIdleUsers, type RawTables, unlistedItem } from './sources/source.ts'

/**
 * Makes the table `items`: the whole item table in its order. Without an item table, the log's items by first
 * appearance.
 * @returns what was dropped as a duplicate
 * @throws UserError `duplicate`, naming the item and both rows
 */
export async function indexItems(db: Database, raw: RawTables): Promise<Filtered> {
  if (raw.fields === undefined) {
    await db.run(`CREATE TABLE items AS SELECT CAST(row_number() OVER (ORDER BY first, id) AS INTEGER) AS n, id, '' AS title, '' AS text, '' AS image
      FROM (SELECT item AS id, min(row) AS first FROM ${records('item', raw.impressionLabels !== undefined)} GROUP BY item)`)
    return { dropped: [], losses: [] }
  }
  const [twice] = await db.rows<{ id: string; first: number; second: number; extra: number; all: number }>(
    `SELECT id, min(rowid) AS first, min(rowid) FILTER (WHERE place = 2) AS second, (SELECT count(*) - count(DISTINCT id) FROM raw_items) AS extra,
      (SELECT count(*) FROM raw_items) AS all
    FROM (SELECT id, rowid, row_number() OVER (PARTITION BY id ORDER BY rowid) AS place FROM raw_items) GROUP BY id HAVING count(*) > 1 ORDER BY second LIMIT 1`,
  )
  if (twice && raw.mapping.filters.duplicateItems === 'error') {
    const hint = 'keep one of them, or set filters.duplicateItems to first in the mapping'
    const value = `item "${twice.id}", already in ${await raw.itemPlace(twice.first)}`
    throw new UserError({ where: await raw.itemPlace(twice.second), problem: 'duplicate', value, hint })
  }
  const columns = ['id', 'title', 'text', 'image', ...describedColumns(raw.fields, raw.numbers)].join(', ')
  await db.run(`CREATE TABLE items AS SELECT CAST(row_number() OVER (ORDER BY place) AS INTEGER) AS n, ${columns}
    FROM (SELECT *, rowid AS place FROM raw_items) WHERE place IN (SELECT min(rowid) FROM raw_items GROUP BY id)`)
  if (!twice) return { dropped: [], losses: [] }
  const [filter, lost] = ['duplicate items', twice.extra]
  return {
    dropped: [{ filter, events: 0, users: 0, items: lost }],
    losses: [{ reason: filter, key: 'duplicateItems', what: 'items', lost, of: twice.all }],
  }
}

/** Select items of fields, and of numbers that are still text. */
function describedColumns(fields: readonly string[] = [], numbers: readonly string[] = []): string[] {
  const number = (name: string): string => identifier(`number_${name}`)
  return [
    ...fields.map((name) => identifier(`field_${name}`)),
    ...numbers.map((name) => `CAST(${number(name)} AS DOUBLE) AS ${number(name)}`),
  ]
}

/** The log's records of events, and optionally those of impressions. */
function records(column: 'user' | 'item', impressions: boolean): string {
  return impressions
    ? `(SELECT ${column}, row FROM raw_events UNION ALL SELECT ${column}, row FROM raw_impressions)`
    : 'raw_events'
}

/**
 * Makes the table `users` (n, id, partition), and divides the events among the partitions. Users are numbered by first
 * appearance. A partition is a range of them, and ranges have about as many records each.
 * @throws UserError `unknown` for an event whose item is not in the item table, naming file and row
 */
export async function indexEvents(db: Database, raw: RawTables, partitions: Partitions): Promise<void> {
  // The records of all earlier users decide, so that the rows of a partition are a stretch of the dataset's.
  const partition = `least(${partitions.count - 1}, (sum(records) OVER earlier - records) * ${partitions.count} // sum(records) OVER ())`
  await db.run(`CREATE TABLE users AS
    SELECT CAST(row_number() OVER earlier AS INTEGER) AS n, id, CAST(${partitions.count === 1 ? '0' : partition} AS SMALLINT) AS partition
    FROM (SELECT user AS id, min(row) AS first, count(*) AS records FROM ${records('user', keepsIdleUsers(raw))} GROUP BY user)
    WINDOW earlier AS (ORDER BY first, id ROWS UNBOUNDED PRECEDING)`)
  await partitions.divide(
    'events',
    `SELECT u.n AS user, i.n AS item, e.behavior, e.time, e.role, e.row, u.partition
    FROM raw_events e JOIN users u ON u.id = e.user LEFT JOIN items i ON i.id = e.item`,
  )
  if (raw.fields === undefined || raw.mapping.filters.unlistedItems === 'drop') return
  const [unlisted] = await db.rows<{ row: number | null; events: number }>(
    `SELECT min(row) AS row, count(*) AS events FROM ${partitions.all('events')} WHERE item IS NULL`,
  )
  if (!unlisted || unlisted.row === null) return
  const [event] = await db.rows<{ item: string }>(`SELECT item FROM raw_events WHERE row = ${unlisted.row} LIMIT 1`)
  throw unlistedItem(await raw.eventPlace(unlisted.row), event?.item ?? '', `${unlisted.events} events`)
}

/**
 * Makes the tables `user_index` and `item_index` (n, index, ...): the users and items that are left, numbered from 1
 * without gaps. All items of an item table stay. The columns of the users file are added to the users.
 */
export async function closeGaps(db: Database, raw: RawTables): Promise<void> {
  const index = 'CAST(row_number() OVER (ORDER BY n) AS INTEGER) AS index'
  await db.run(`CREATE TABLE user_index AS SELECT ${index}, n, id FROM users WHERE n IN (SELECT user FROM kept_users);
    CREATE TABLE item_index AS SELECT ${index}, * FROM items ${raw.fields === undefined ? 'WHERE n IN (SELECT item FROM kept_items)' : ''}`)
  if (raw.userFields === undefined) return
  const columns = ['id', ...describedColumns(raw.userFields, raw.userNumbers)].join(', ')
  await db.run(`ALTER TABLE user_index RENAME TO user_ids;
    CREATE TABLE user_index AS SELECT * FROM user_ids LEFT JOIN (SELECT ${columns} FROM raw_users) USING (id)`)
}
