/**
 * @file Leaves out of a log what `siftrec audit` suspected. The log stays as it is: prepared without the file of
 * suspects, it is all back.
 */
import type { FeatureMaker } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { type Database, literals } from '../storage/duckdb.ts'
import { readSuspects, type Suspects } from '../storage/suspects-file.ts'
import type { Loss } from './dropped.ts'
import type { Filtered } from './filters.ts'
import type { RawTables } from './sources/source.ts'

/** The name under which the manifest counts what was left out. */
const filter = 'suspects'

/** What is left out, and how much of the log that is. */
export interface Drop extends Filtered {
  readonly suspects: Suspects
}

/**
 * Leaves suspected events and users out of the tables of a source. Exactly the named events are left out: one that
 * stands in the log twice goes twice.
 * @throws UserError `unsupported` for events of a log that has an order and no times, `mismatched` where nothing of
 * the file is in the log; as reading the file does
 */
export async function dropSuspects(db: Database, raw: RawTables, file: string): Promise<Drop> {
  const suspects = readSuspects(file)
  if (raw.time === 'order' && suspects.events.length > 0) {
    const expected = 'a log with times, or a file without events'
    throw new UserError({ where: file, problem: 'unsupported', value: 'events of a log without times', expected })
  }
  await db.run(`CREATE TABLE suspect_events (user VARCHAR, item VARCHAR, behavior BIGINT, time BIGINT);
    CREATE TABLE suspect_users (id VARCHAR)`)
  await db.append(
    'suspect_events',
    suspects.events.map(({ user, item, behavior, time }) => [user, item, raw.behaviors.indexOf(behavior), time]),
  )
  await db.append(
    'suspect_users',
    suspects.users.map(({ user }) => [user]),
  )
  const before = await count(db, 'raw_events')
  await db.run(`ALTER VIEW raw_events RENAME TO unsifted_events;
    CREATE VIEW raw_events AS SELECT * FROM unsifted_events WHERE user NOT IN (SELECT id FROM suspect_users)
      AND (user, item, CAST(behavior AS BIGINT), CAST(time AS BIGINT)) NOT IN (SELECT (user, item, behavior, time) FROM suspect_events)`)
  if (raw.impressionLabels)
    await db.run(`ALTER VIEW raw_impressions RENAME TO unsifted_impressions;
      CREATE VIEW raw_impressions AS SELECT * FROM unsifted_impressions WHERE user NOT IN (SELECT id FROM suspect_users)`)
  const lost = before.events - (await count(db, 'raw_events')).events
  if (lost === 0 && suspects.events.length + suspects.users.length > 0) {
    const value = 'none of its events and users is in the log'
    throw new UserError({ where: file, problem: 'mismatched', value, expected: 'suspects of a dataset of this log' })
  }
  const users = before.users - (await count(db, 'raw_events')).users
  const loss: Loss = { reason: filter, what: 'events', lost, of: before.events, further: `, ${users} users` }
  return { suspects, dropped: [{ filter, events: lost, users, items: 0 }], losses: [loss] }
}

async function count(db: Database, table: string): Promise<{ events: number; users: number }> {
  const [found] = await db.rows<{ events: number; users: number }>(
    `SELECT count(*) AS events, count(DISTINCT user) AS users FROM ${table}`,
  )
  return found ?? { events: 0, users: 0 }
}

/** Takes the file of a picture from the items whose picture is suspected, in the table `items`. */
export async function dropPictures(db: Database, { pictures }: Suspects): Promise<void> {
  if (pictures.length > 0)
    await db.run(`UPDATE items SET image = '' WHERE list_contains(${literals(pictures.map(({ item }) => item))}, id)`)
}

/** The features of a maker, without the vectors of the pictures that are suspected. */
export function withoutPictures(make: FeatureMaker, { pictures }: Suspects): FeatureMaker {
  const suspected = new Set(pictures.map(({ item }) => item))
  const less: FeatureMaker = async (sources) => {
    const made = await make(sources)
    if (!made.image) return made
    const { width, vectors, present } = made.image.table
    const table = { width, vectors: vectors.slice(), present: present.slice() }
    for (const [item, id] of sources.ids.entries()) {
      if (!suspected.has(id)) continue
      table.present[item] = 0
      table.vectors.fill(0, item * width, (item + 1) * width)
    }
    return { ...made, image: { ...made.image, table } }
  }
  return Object.assign(less, make)
}
