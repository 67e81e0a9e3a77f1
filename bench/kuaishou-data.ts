/** @file The log of the bench `kuaishou`: as large as Kuaishou's in the paper of M³BSR, with planted tastes. */
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { randomStream } from '../src/random/stream.ts'
import { openDatabase } from '../src/storage/duckdb.ts'

/** How large a log is. */
export interface LogSizes {
  readonly users: number
  readonly items: number
  readonly events: number
  readonly tastes: number
}

/** How large Kuaishou's is. */
const kuaishou = { users: 22_793, items: 618_529, events: 5_852_725 }
/** How many groups of items there are, each of which some users like; ours. */
const tastes = 30
/** How many of a user's last events are trained on, as in the paper. */
export const recentEvents = 50
/** How wide the vectors of pictures and texts are; the paper's have 512 numbers. */
export const vectorWidth = 64

/** The sizes of a share of the whole. */
export const sizesOf = (share: number): LogSizes => ({
  users: Math.ceil(kuaishou.users * share),
  items: Math.ceil(kuaishou.items * share),
  events: Math.ceil(kuaishou.events * share),
  tastes,
})

/** The files of a log. */
export const logFiles = (folder: string) => ({
  events: join(folder, 'events.parquet'),
  /** The last events of each user. */
  recent: join(folder, 'recent.parquet'),
  items: join(folder, 'items.parquet'),
  ids: join(folder, 'ids.txt'),
  image: join(folder, 'image.f32'),
  text: join(folder, 'text.f32'),
})

/** Writes a log and its vectors into a folder, unless they are there: rows as they are made, the same every time. */
export async function makeLog(folder: string, sizes: LogSizes): Promise<void> {
  if (existsSync(folder)) return
  const building = `${folder}.new`
  mkdirSync(building, { recursive: true })
  await writeEvents(building, sizes)
  writeVectors(building, sizes)
  renameSync(building, folder)
}

/**
 * Eight of nine events are of the user's taste; of its items few have most events. The ninth is of any item, so that
 * each has an event and the catalog is as large as it should be.
 */
async function writeEvents(folder: string, { users, items, events, tastes }: LogSizes): Promise<void> {
  const files = logFiles(folder)
  const ofTaste = Math.floor(items / tastes)
  const uniform = (key: number): string => `(hash(r * 16 + ${key}) % 1000003) / 1000003.0`
  using db = await openDatabase({ memoryLimit: '1GB', temporaryFolder: join(folder, 'spill') })
  const drawn = `SELECT r, floor(${users} * pow(${uniform(1)}, 1.4))::INTEGER AS u FROM range(${events}) t(r)`
  const own = `(hash(u) % ${tastes}) * ${ofTaste} + floor(${ofTaste} * pow(${uniform(2)}, 4))`
  const every = Math.floor(events / items)
  const item = `CASE WHEN r % ${every} = 0 AND r // ${every} < ${items} THEN r // ${every} ELSE ${own} END`
  const rows = `SELECT 'u' || u AS user, 'i' || (${item})::INTEGER AS item,
    CASE WHEN ${uniform(3)} < 0.25 THEN 'favorite' ELSE 'click' END AS behavior, 1600000000 + 10 * r AS time FROM (${drawn})`
  await db.run(`COPY (${rows}) TO '${files.events}' (FORMAT parquet)`)
  await db.run(`COPY (SELECT * FROM '${files.events}' QUALIFY row_number() OVER (PARTITION BY user ORDER BY time DESC)
    <= ${recentEvents}) TO '${files.recent}' (FORMAT parquet)`)
  await db.run(
    `COPY (SELECT 'i' || r AS id, 'Video ' || r AS title FROM range(${items}) t(r)) TO '${files.items}' (FORMAT parquet)`,
  )
}

/** Items that are written at once. */
const chunk = 8192

/** Vectors near to one of their taste: a picture's, and a text's. */
function writeVectors(folder: string, { items, tastes }: LogSizes): void {
  const files = logFiles(folder)
  writeFileSync(files.ids, '')
  const ids = openSync(files.ids, 'w')
  for (let first = 0; first < items; first += chunk)
    writeSync(ids, Array.from({ length: Math.min(chunk, items - first) }, (_, at) => `i${first + at}\n`).join(''))
  closeSync(ids)
  const ofTaste = Math.floor(items / tastes)
  for (const modality of ['image', 'text'] as const) {
    const random = randomStream(1, 'kuaishou', modality)
    const middles = Float32Array.from({ length: (tastes + 1) * vectorWidth }, () => random.normal())
    const file = openSync(files[modality], 'w')
    for (let first = 0; first < items; first += chunk) {
      const vectors = new Float32Array(Math.min(chunk, items - first) * vectorWidth)
      for (let at = 0; at < vectors.length; at++) {
        const taste = Math.floor((first + Math.floor(at / vectorWidth)) / ofTaste)
        vectors[at] = 0.5 * (middles[taste * vectorWidth + (at % vectorWidth)] as number) + random.normal()
      }
      writeSync(file, new Uint8Array(vectors.buffer))
    }
    closeSync(file)
  }
}
