/**
 * @file Numbers a source's impressions: the table `impressions` (user, item, time, row, `label_NAME`), users and items
 * as in the tables of those names.
 */

import type { Manifest } from '../dataset/schema.ts'
import { type Database, identifier } from '../storage/duckdb.ts'
import { keepsIdleUsers, type RawTables, unlistedItem } from './sources/source.ts'

/** The columns of labels, as SQL identifiers. */
export function labelColumns({ impressionLabels = [] }: RawTables): string[] {
  return impressionLabels.map((name) => identifier(`label_${name}`))
}

/**
 * Makes the table `impressions`, if there are any, for the users that the filters of events kept. Several impressions
 * of one user and item at one time count once; a label is 1 if it is 1 in any of them.
 * @throws UserError `unknown` for an impression whose item is not in the item table, naming file and row
 */
export async function indexImpressions(db: Database, raw: RawTables, report: (line: string) => void): Promise<void> {
  if (raw.impressionLabels === undefined) return
  const listed = raw.fields === undefined
  if (!listed && raw.mapping.filters.unlistedItems === 'error') await refuseUnlisted(db, raw)
  const labels = labelColumns(raw)
  const owners = keepsIdleUsers(raw) ? '' : 'SEMI JOIN events ON events.user = u.n'
  // If time is an order, each record has its own place, so nothing is a duplicate.
  const columns = `u.n AS user, i.n AS item, r.time, ${raw.time === 'order' ? ['r.row', ...labels].join(', ') : once(labels)}`
  await db.run(`CREATE TABLE impressions AS SELECT ${columns}
    FROM (SELECT * FROM raw_impressions WHERE time IS NOT NULL) r JOIN (SELECT * FROM users u ${owners}) u ON u.id = r.user JOIN items i ON i.id = r.item
    ${raw.time === 'order' ? '' : 'GROUP BY u.n, i.n, r.time'}`)
  const [{ all, left } = { all: 0, left: 0 }] = await db.rows<{ all: number; left: number }>(
    'SELECT (SELECT count(*) FROM raw_impressions) AS all, (SELECT count(*) FROM impressions) AS left',
  )
  const why = `repeated, or of users${listed ? '' : ' or items'} that are left out`
  report(`${left} impressions${left < all ? `; ${all - left} are ${why}` : ''}`)
}

function once(labels: readonly string[]): string {
  return ['min(r.row) AS row', ...labels.map((label) => `max(r.${label}) AS ${label}`)].join(', ')
}

async function refuseUnlisted(db: Database, raw: RawTables): Promise<void> {
  const [unlisted] = await db.rows<{ row: number | null; count: number; item: string }>(
    'SELECT min(row) AS row, count(*) AS count, arg_min(item, row) AS item FROM raw_impressions r ANTI JOIN items i ON i.id = r.item',
  )
  if (!unlisted || unlisted.row === null) return
  throw unlistedItem(await raw.eventPlace(unlisted.row), unlisted.item, `${unlisted.count} impressions`)
}

/** The manifest's entry for the impressions. */
export async function describeImpressions(db: Database, raw: RawTables): Promise<Pick<Manifest, 'impressions'>> {
  const { impressionLabels } = raw
  if (impressionLabels === undefined) return {}
  const sums = labelColumns(raw).map((label, index) => `count(*) FILTER (WHERE ${label} = 1) AS n${index}`)
  const [counts = {}] = await db.rows<Record<string, number>>(
    `SELECT ${['count(*) AS total', ...sums].join(', ')} FROM impressions`,
  )
  return {
    impressions: {
      count: counts['total'] ?? 0,
      labels: Object.fromEntries(impressionLabels.map((name, index) => [name, counts[`n${index}`] ?? 0])),
    },
  }
}
