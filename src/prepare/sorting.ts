/** @file Sorts the events and impressions of a partition as the dataset has them. */
import type { Database } from '../storage/duckdb.ts'
import type { PartitionedTable, PartitionStep } from './partition-step.ts'

/** What decides how rows are sorted. */
interface Asked {
  /** Whether time is an order. */
  readonly ordered: boolean
  /** The columns of labels, as SQL identifiers, where there are impressions. */
  readonly labels?: readonly string[] | undefined
}

/** Whether places in the order are shared by events and impressions. */
const areRanked = ({ ordered, labels }: Asked): boolean => ordered && labels !== undefined

/** The tables that sorting one of them takes. */
export const sortedTables = (table: PartitionedTable, asked: Asked): readonly PartitionedTable[] =>
  areRanked(asked) ? ['events', 'impressions'] : [table]

/** The rows of a partition, by user, time and place in the log, with the indices of users and items. */
export const sortStep: PartitionStep<Asked & { readonly table: PartitionedTable }> = {
  name: 'sorting',
  reads: { user_index: 'n, index', item_index: 'n, index' },
  adds: [],
  async run(db, { table, ...asked }) {
    const { ordered, labels = [] } = asked
    const ofEvents = table === 'events'
    const tied = ofEvents && ordered ? await tiedPlaces(db) : 0
    if (areRanked(asked)) await rankRows(db)
    const columns = [
      'u.index AS user',
      'i.index AS item',
      ...(ofEvents ? ['e.behavior'] : []),
      `${timeOf(asked)} AS time`,
    ]
    const others = ofEvents ? ['e.role'] : labels
    const ranks = areRanked(asked)
      ? ' JOIN ranks ON ranks.user = e.user AND ranks.time = e.time AND ranks.row = e.row'
      : ''
    return {
      counts: { tied },
      rows: `SELECT ${[...columns, ...others, 'e.row'].join(', ')}
        FROM ${table} e JOIN user_index u ON u.n = e.user JOIN item_index i ON i.n = e.item${ranks}`,
      order: `user, time, row${ofEvents ? ', behavior, item' : ''}`,
    }
  },
}

/**
 * The SQL of a time, for rows called `e`. If it is only an order, the rank among all events and impressions of the
 * user; rows of the log that have one place in it stand in the log's order.
 */
function timeOf(asked: Asked): string {
  if (!asked.ordered) return 'e.time'
  if (areRanked(asked)) return 'ranks.rank'
  return 'CAST(dense_rank() OVER (PARTITION BY e.user ORDER BY e.time, e.row) AS DOUBLE)'
}

/** Makes the table `ranks` of the events and impressions of a partition. */
async function rankRows(db: Database): Promise<void> {
  await db.run(`CREATE OR REPLACE TABLE ranks AS SELECT user, time, row, CAST(row_number() OVER (PARTITION BY user ORDER BY time, row) AS DOUBLE) AS rank
    FROM (SELECT user, time, row FROM events UNION SELECT user, time, row FROM impressions)`)
}

/** How many places in the order several rows of a user share, in a partition. */
async function tiedPlaces(db: Database): Promise<number> {
  const [tied] = await db.rows<{ count: number }>(
    'SELECT count(*) AS count FROM (SELECT user FROM events GROUP BY user, time HAVING count(DISTINCT row) > 1)',
  )
  return tied?.count ?? 0
}
