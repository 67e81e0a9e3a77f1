/** @file How long the videos of kuairand-pure were played, which a prepared dataset does not hold. */
import { join } from 'node:path'
import type { PlayOf } from '../../audit/planted.ts'
import { literal, openDatabase } from '../../storage/duckdb.ts'

/** Reads the log of impressions. @param root the folder that holds the data sets */
export async function kuairandPlays(root: string): Promise<PlayOf> {
  using db = await openDatabase({ threads: 1 })
  const log = literal(join(root, 'kuairand-pure', 'log_*.csv.gz'))
  const rows = await db.rows<{ user: string; item: string; time: number; play: number }>(
    `SELECT CAST(user_id AS VARCHAR) AS user, CAST(video_id AS VARCHAR) AS item,
      CAST(time_ms AS DOUBLE) AS time, CAST(play_time_ms AS DOUBLE) / 1000 AS play
    FROM read_csv(${log}) WHERE is_click = 1`,
  )
  const plays = new Map(rows.map(({ user, item, time, play }) => [[user, item, time].join(' '), play]))
  return ({ user, item, time }) => plays.get([user, item, time].join(' '))
}
