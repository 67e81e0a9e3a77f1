/** @file Which question a dataset is asked: what the mapping says, or what the data call for. */
import { join } from 'node:path'
import { readEvents, type UserRange } from '../dataset/load.ts'
import {
  type Choice,
  canChoose,
  chosenQuestion,
  type RankableCounts,
  rankableCounts,
  refuseOrder,
} from '../dataset/questions.ts'
import type { Manifest } from '../dataset/schema.ts'
import { type Database, pathLiterals } from '../storage/duckdb.ts'
import type { Mapping } from './mapping.ts'

/**
 * The question of a dataset whose tables are written, as the manifest has it.
 * @throws UserError `unsupported` for discovery without times
 */
export async function askedQuestion(
  db: Database,
  manifest: Manifest,
  { folder, mapping, report }: { folder: string; mapping: Mapping; report: (line: string) => void },
): Promise<Pick<Manifest, 'question' | 'idleMinutes'>> {
  const { candidates, idleMinutes } = mapping
  if (mapping.question === 'auto' && candidates !== undefined) return {}
  if (mapping.question === 'discovery') refuseOrder(manifest)
  const { question, told } =
    mapping.question === 'auto'
      ? await calledFor(db, manifest, { folder, idleMinutes })
      : { question: mapping.question }
  if (told !== undefined) report(told)
  return question === undefined ? {} : { question, ...(question === 'discovery' && { idleMinutes }) }
}

/** About how many events are in memory at once. */
const atOnce = 4_000_000

/** The question that the data call for, counted some users at a time. */
async function calledFor(
  db: Database,
  manifest: Manifest,
  { folder, idleMinutes }: { folder: string; idleMinutes: number },
): Promise<Choice> {
  const counts = { events: 0, unseen: 0, funnel: 0, discovery: 0 }
  for (const users of canChoose(manifest) ? await stretches(db, folder) : []) {
    const events = await readEvents(db, folder, manifest, users)
    const here = rankableCounts({ manifest, events }, idleMinutes)
    for (const name of Object.keys(counts) as (keyof RankableCounts)[]) counts[name] += here[name]
  }
  return chosenQuestion(manifest, counts)
}

/** The users in stretches of so many events; those of one user are never parted. */
function stretches(db: Database, folder: string): Promise<(UserRange & Record<string, number>)[]> {
  return db.rows(`SELECT min(user) AS first, max(user) AS last, CAST(sum(events) AS BIGINT) AS events FROM (
      SELECT user, events, (sum(events) OVER (ORDER BY user ROWS UNBOUNDED PRECEDING) - events) // ${atOnce} AS stretch
      FROM (SELECT user, count(*) AS events FROM read_parquet(${pathLiterals([join(folder, 'events.parquet')])}) GROUP BY user))
    GROUP BY stretch ORDER BY stretch`)
}
