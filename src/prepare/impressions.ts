/**
 * @file Numbers a source's impressions: the table `impressions` (user, item, time, row, `label_NAME`), users and items
 * as in the tables of those names.
 */

import type { Manifest } from '../dataset/schema.ts'
import { type Database, identifier } from '../storage/duckdb.ts'
import type { Loss } from './dropped.ts'
import { keepsIdleUsers, type RawTables, unlistedItem } from './sources/source.ts'

/** The columns of labels, as SQL identifiers. */
export function labelColumns({ impressionLabels = [] }: RawTables): string[] {
  return impressionLabels.map((name) => identifier(`label_${name}`))
}

/**
 * Makes the table `impressions`, if there are any, for the users that the filters of events kept. Several impressions
 * of one user and item at one time count once; a label is 1 if it is 1 in any of them.
 * @returns what was left out
 * @throws UserError `unknown` for an impression whose item is not in the item table, naming file and row
 */
export async function indexImpressions(db: Database, raw: RawTables, report: (line: string) => void): Promise<Loss[]> {
  if (raw.impressionLabels === undefined) return []
  if (raw.fields !== undefined && raw.mapping.filters.unlistedItems === 'error') await refuseUnlisted(db, raw)
  const labels = labelColumns(raw)
  const owners = `(SELECT * FROM users u ${keepsIdleUsers(raw) ? '' : 'SEMI JOIN events ON events.user = u.n'})`
  const rows = `raw_impressions r LEFT JOIN ${owners} u ON u.id = r.user LEFT JOIN items i ON i.id = r.item`
  // If time is an order, each record has its own place, so nothing is a duplicate.
  const columns = `u.n AS user, i.n AS item, r.time, ${raw.time === 'order' ? ['r.row', ...labels].join(', ') : once(labels)}`
  await db.run(`CREATE TABLE impressions AS SELECT ${columns} FROM ${rows}
    WHERE r.time IS NOT NULL AND u.n IS NOT NULL AND i.n IS NOT NULL ${raw.time === 'order' ? '' : 'GROUP BY u.n, i.n, r.time'}`)
  const [counts] = await db.rows<Record<'all' | 'odd' | 'unlisted' | 'idle' | 'left', number>>(
    `SELECT count(*) AS all, count(*) FILTER (WHERE r.time IS NULL) AS odd,
      count(*) FILTER (WHERE r.time IS NOT NULL AND i.n IS NULL) AS unlisted,
      count(*) FILTER (WHERE r.time IS NOT NULL AND i.n IS NOT NULL AND u.n IS NULL) AS idle,
      (SELECT count(*) FROM impressions) AS left FROM ${rows}`,
  )
  if (!counts) return []
  const { all, odd, unlisted, idle, left } = counts
  report(`${left} impressions`)
  const loss = (reason: string, lost: number, key?: Loss['key']): Loss => ({
    reason,
    key,
    what: 'impressions',
    lost,
    of: all,
  })
  return [
    loss('odd times', odd, 'oddTimes'),
    loss('items not in the item table', unlisted, 'unlistedItems'),
    loss('users that are left out', idle, 'minimumEventsPerUser'),
    loss('repeated impressions', all - odd - unlisted - idle - left),
  ]
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
