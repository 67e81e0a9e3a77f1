/**
 * @file The `kuairand` source: a timed log of clicks and likes, and older histories that have an order but no times.
 */
import type { Database } from '../../storage/duckdb.ts'
import type { MappingInput } from '../mapping.ts'
import { checkNumbers, describedSql, fieldColumns, numberColumns } from './described-columns.ts'
import { fileColumn, findColumn, needColumn, openFiles } from './log-files.ts'
import { mappedTables } from './mapped-tables.ts'
import { needOwnFiles, ownFiles } from './own-files.ts'
import { makeTable } from './raw-table.ts'
import { placeOf } from './records.ts'
import type { RawTables, Source } from './source.ts'

const labels = { click: 'is_click', like: 'is_like', follow: 'is_follow', long_view: 'long_view' }
const counted = ['follow_user_num', 'fans_user_num', 'friend_user_num']
/**
 * Categorical fields of a user: the account's properties, its counts in ranges, and those anonymous features that do
 * not have one value for most users.
 */
const userFields = [
  'user_active_degree',
  'is_video_author',
  ...[...counted, 'register_days'].map((name) => `${name}_range`),
  ...[0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12].map((index) => `onehot_feat${index}`),
]
const userNumbers = [...counted, 'register_days']
const videoFields = ['video_type', 'upload_type', 'music_type']

/**
 * KuaiRand. A click is `is_click`, a like `is_like`; every row of the log is an impression. With the target `long_view`
 * a click and a long view of one impression are one event, the long view: nearly all long views are of a click, which
 * would give the target away. Logs of random exposures are left out. Titles are made from tag, author and duration,
 * since the data has none.
 */
export const kuairand: Source = {
  about:
    'KuaiRand: log_*.csv (user_id, video_id, time_ms, is_click, is_like), videos.csv; users.csv and user_history*.csv (watch_seq, like_seq) if there are any',
  async read(request) {
    const { db } = request
    const log = needOwnFiles(request, /^log_(?!random).*\.csv(\.gz)?$/, 'log_*.csv')
    const videos = needOwnFiles(request, /^(videos|video_features_basic).*\.csv(\.gz)?$/, 'videos.csv')
    const users = ownFiles(request, /^(users|user_features).*\.csv(\.gz)?$/)
    const histories = ownFiles(request, /^user_history.*\.csv(\.gz)?$/)
    const raw = await mappedTables(request, {
      events: { files: log, user: 'user_id', item: 'video_id', time: 'time_ms', timeUnit: 'milliseconds' },
      ...(request.mapping.behaviors ? {} : { behaviors: behaviorsFor(request.mapping.target) }),
      impressions: { labels: await thoseThere(db, log, labels) },
      users: users.length > 0 ? await usersMapping(db, users) : {},
    })
    const items = await readVideos(db, videos)
    return { ...raw, ...items, ...(histories.length > 0 ? await addHistories(db, histories, raw) : {}) }
  },
}

/** The behaviors beside which the target is predicted; older histories know of no long view. */
function behaviorsFor(target?: string): NonNullable<MappingInput['behaviors']> {
  if (target !== 'long_view') {
    return [
      { name: 'click', when: 'is_click = 1' },
      { name: 'like', when: 'is_like = 1' },
    ]
  }
  return [
    { name: 'click', when: 'is_click = 1 and long_view = 0' },
    { name: 'long_view', when: 'long_view = 1' },
  ]
}

/** The names whose columns the files have. */
async function thoseThere(
  db: Database,
  files: readonly string[],
  columns: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const log = await openFiles(db, files)
  return Object.fromEntries(Object.entries(columns).filter(([, column]) => findColumn(log, column, []) !== undefined))
}

async function usersMapping(db: Database, files: readonly string[]): Promise<NonNullable<MappingInput['users']>> {
  const there = (names: readonly string[]): Promise<Record<string, string>> =>
    thoseThere(db, files, Object.fromEntries(names.map((name) => [name, name])))
  return { files: [...files], id: 'user_id', fields: await there(userFields), numbers: await there(userNumbers) }
}

async function readVideos(
  db: Database,
  files: readonly string[],
): Promise<Pick<RawTables, 'fields' | 'numbers' | 'itemPlace'>> {
  const log = await openFiles(db, files)
  const read = (name: string): string => log.columns.get(needColumn(log, name, [], 'the header')) as string
  const seconds = `TRY_CAST(${read('video_duration')} AS DOUBLE) / 1000`
  const lengths = [10, 30, 60, 120, 300].map((most) => `WHEN ${seconds} < ${most} THEN 'under ${most} seconds'`)
  const there = videoFields.filter((name) => log.columns.has(name))
  const fields = fieldColumns(log, Object.fromEntries(there.map((name) => [name, name])), 'the header')
  const numbers = numberColumns(log, { video_duration: 'video_duration' }, 'the header')
  const described = describedSql(fields, numbers).join(', ')
  const sql = `SELECT *, concat_ws(', ', 'tag ' || replace(nullif(tags, ''), ',', ' '), 'author ' || nullif(field_author, ''), nullif(field_duration, '')) AS title,
    title AS text FROM (SELECT ${read('video_id')} AS id, '' AS image, ${read('tag')} AS tags, coalesce(${read('author_id')}, '') AS field_author,
      coalesce(split_part(${read('tag')}, ',', 1), '') AS field_tag,
      CASE WHEN ${seconds} IS NULL THEN '' ${lengths.join(' ')} ELSE 'over 300 seconds' END AS field_duration, ${described}${fileColumn(log)} FROM ${log.scan})`
  await makeTable(db, 'raw_items', sql, [log])
  const place = placeOf(db, 'raw_items', log)
  await checkNumbers(db, numbers, { table: 'raw_items', place })
  return { fields: ['tag', 'author', 'duration', ...there], numbers: numbers.map(({ name }) => name), itemPlace: place }
}

/**
 * Puts each user's older events of behaviors that there are before the log's first one, in their order and a
 * millisecond apart. Watched videos become clicks. A liked video becomes a like at the moment it was first watched, as
 * in the log. A like of a video that was not watched, or was watched before an earlier like, stays in the order of
 * likes and comes a millisecond later.
 */
async function addHistories(db: Database, files: readonly string[], raw: RawTables): Promise<Partial<RawTables>> {
  const log = await openFiles(db, files)
  const read = (name: string): string => log.columns.get(needColumn(log, name, [], 'the header')) as string
  const list = (name: string): string => `coalesce(string_split(nullif(trim(${read(name)}), ''), ' '), [])`
  // An impression without a click is not an event, but the older events come before it too.
  const logs = ['raw_events', ...(raw.impressionLabels ? ['raw_impressions'] : [])].map(
    (name) => `SELECT min(time) AS time FROM ${name}`,
  )
  const [{ first } = { first: 0 }] = await db.rows<{ first: number }>(
    `SELECT min(time) AS first FROM (${logs.join(' UNION ALL ')})`,
  )
  const indexOf = (behavior: string): number => raw.behaviors.indexOf(behavior)
  const listed = (name: string, behavior: string): string => (indexOf(behavior) < 0 ? '[]::VARCHAR[]' : list(name))
  const columns = `${read('user_id')} AS user, ${listed('watch_seq', 'click')} AS watched, ${listed('like_seq', 'like')} AS liked`
  await makeTable(db, 'raw_histories', `SELECT ${columns}${fileColumn(log)} FROM ${log.scan}`, [log])
  await db.run(`CREATE TABLE raw_steps AS
    WITH likes AS (SELECT rowid AS line, user, unnest(liked) AS item, generate_subscripts(liked, 1) AS turn, watched FROM raw_histories),
    placed AS (SELECT *, coalesce(list_position(watched, item), 0) AS own FROM likes),
    ordered AS (SELECT *, max(own) OVER (PARTITION BY line ORDER BY turn) AS place FROM placed),
    steps AS (
      SELECT rowid AS line, user, unnest(watched) AS item, ${indexOf('click')} AS behavior, generate_subscripts(watched, 1) AS place, 0 AS later FROM raw_histories
      UNION ALL SELECT line, user, item, ${indexOf('like')}, place, CASE WHEN own = place AND own > 0 THEN 0 ELSE turn END FROM ordered),
    ranked AS (SELECT *, dense_rank() OVER (PARTITION BY line ORDER BY place, later) AS rank FROM steps)
    SELECT line, user, item, behavior, rank - max(rank) OVER (PARTITION BY line) - 1 AS step FROM ranked ORDER BY line, rank, behavior`)
  await db.run('ALTER VIEW raw_events RENAME TO log_events')
  // Rows of the histories have negative numbers, so that they come before the log's.
  await db.run(`CREATE VIEW raw_events AS SELECT * FROM log_events UNION ALL
    SELECT user, item, CAST(behavior AS UTINYINT) AS behavior, CAST(${first} + step AS DOUBLE) AS time, CAST(0 AS UTINYINT) AS role,
      rowid - (SELECT count(*) FROM raw_steps) AS row FROM raw_steps`)
  const place = placeOf(db, 'raw_histories', log)
  return {
    timesFrom: first,
    eventPlace: async (row) => {
      if (row >= 0) return raw.eventPlace(row)
      const [step] = await db.rows<{ line: number }>(
        `SELECT line FROM raw_steps WHERE rowid = ${row} + (SELECT count(*) FROM raw_steps)`,
      )
      return place(step?.line ?? 0)
    },
  }
}
