/**
 * @file Numbers a source's impressions: the table `impressions` (user, item, time, row, `label_NAME`) in partitions,
 * users and items as in the tables of those names.
 */

import { join } from 'node:path'
import type { Manifest } from '../dataset/schema.ts'
import { type Database, identifier, pathLiterals } from '../storage/duckdb.ts'
import type { Loss } from './dropped.ts'
import type { PartitionStep } from './partition-step.ts'
import type { Partitions } from './partitions.ts'
import { countRows, replaceRows } from './rows.ts'
import { keepsIdleUsers, type RawTables, unlistedItem } from './sources/source.ts'

/** The columns of labels, as SQL identifiers. */
export function labelColumns({ impressionLabels = [] }: RawTables): string[] {
  return impressionLabels.map((name) => identifier(`label_${name}`))
}

/**
 * Divides the impressions, if there are any, among the partitions, and keeps those of the users that the filters of
 * events kept. Several impressions of one user and item at one time count once; a label is 1 if it is 1 in any of them.
 * Their items, and users where those need no event, join `kept_items` and `kept_users`.
 * @returns what was left out
 * @throws UserError `unknown` for an impression whose item is not in the item table, naming file and row
 */
export async function indexImpressions(
  db: Database,
  raw: RawTables,
  { partitions, report }: { partitions: Partitions; report: (line: string) => void },
): Promise<Loss[]> {
  if (raw.impressionLabels === undefined) return []
  if (raw.fields !== undefined && raw.mapping.filters.unlistedItems === 'error') await refuseUnlisted(db, raw)
  const labels = labelColumns(raw)
  await partitions.divide(
    'impressions',
    `SELECT u.n AS user, i.n AS item, r.time, r.row, ${labels.map((label) => `r.${label}`).join(', ')}, coalesce(u.partition, 0) AS partition
    FROM raw_impressions r LEFT JOIN users u ON u.id = r.user LEFT JOIN items i ON i.id = r.item`,
  )
  const asked = { labels, ordered: raw.time === 'order', idleStay: keepsIdleUsers(raw) }
  const {
    all = 0,
    odd = 0,
    unlisted = 0,
    idle = 0,
    left = 0,
  } = await partitions.change('impressions', impressionStep, asked)
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

/** Leaves the impressions of a partition that are kept, and counts them and the others. */
export const impressionStep: PartitionStep<{
  /** The columns of labels, as SQL identifiers. */
  readonly labels: readonly string[]
  /** Whether time is an order: then each record has its own place, so nothing is a duplicate. */
  readonly ordered: boolean
  /** Whether a user may have impressions alone. */
  readonly idleStay: boolean
}> = {
  name: 'impressions',
  reads: { kept_users: '*', kept_items: '*' },
  adds: ['kept_users', 'kept_items'],
  async run(db, { labels, ordered, idleStay }) {
    const owned = idleStay ? 'user IS NOT NULL' : 'coalesce(user IN (SELECT user FROM kept_users), false)'
    const [counts] = await db.rows<Record<string, number>>(
      `SELECT count(*) AS all, count(*) FILTER (WHERE time IS NULL) AS odd,
        count(*) FILTER (WHERE time IS NOT NULL AND item IS NULL) AS unlisted,
        count(*) FILTER (WHERE time IS NOT NULL AND item IS NOT NULL AND NOT owned) AS idle
      FROM (SELECT *, ${owned} AS owned FROM impressions)`,
    )
    const columns = `user, item, time, ${ordered ? ['row', ...labels].join(', ') : once(labels)}`
    await replaceRows(
      db,
      'impressions',
      `SELECT ${columns} FROM impressions WHERE time IS NOT NULL AND item IS NOT NULL AND ${owned}
        ${ordered ? '' : 'GROUP BY user, item, time'}`,
    )
    for (const column of ['item', ...(idleStay ? ['user'] : [])])
      await db.run(`INSERT INTO kept_${column}s SELECT DISTINCT ${column} FROM impressions
        WHERE ${column} NOT IN (SELECT ${column} FROM kept_${column}s)`)
    return { counts: { ...counts, left: await countRows(db, 'impressions') }, rows: 'FROM impressions' }
  },
}

function once(labels: readonly string[]): string {
  return ['min(row) AS row', ...labels.map((label) => `max(${label}) AS ${label}`)].join(', ')
}

async function refuseUnlisted(db: Database, raw: RawTables): Promise<void> {
  const [unlisted] = await db.rows<{ row: number | null; count: number; item: string }>(
    'SELECT min(row) AS row, count(*) AS count, arg_min(item, row) AS item FROM raw_impressions r ANTI JOIN items i ON i.id = r.item',
  )
  if (!unlisted || unlisted.row === null) return
  throw unlistedItem(await raw.eventPlace(unlisted.row), unlisted.item, `${unlisted.count} impressions`)
}

/** The manifest's entry for the impressions, by their file in the folder. */
export async function describeImpressions(
  db: Database,
  raw: RawTables,
  folder: string,
): Promise<Pick<Manifest, 'impressions'>> {
  const { impressionLabels } = raw
  if (impressionLabels === undefined) return {}
  const sums = labelColumns(raw).map((label, index) => `count(*) FILTER (WHERE ${label} = 1) AS n${index}`)
  const [counts = {}] = await db.rows<Record<string, number>>(
    `SELECT ${['count(*) AS total', ...sums].join(', ')} FROM read_parquet(${pathLiterals([join(folder, 'impressions.parquet')])})`,
  )
  return {
    impressions: {
      count: counts['total'] ?? 0,
      labels: Object.fromEntries(impressionLabels.map((name, index) => [name, counts[`n${index}`] ?? 0])),
    },
  }
}
