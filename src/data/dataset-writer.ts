/** @file Writes the tables and features of a prepared dataset, and describes them in a manifest. */
import { join, resolve } from 'node:path'
import { writeAtomically } from '../storage/atomic.ts'
import { type Database, identifier, literal } from './duckdb.ts'
import { encodeFeatures, featuresFile } from './feature-store.ts'
import { countEvents, type Dropped } from './filters.ts'
import { pictureFinder } from './pictures.ts'
import type { FeatureMaker, FeatureSources, Manifest } from './schema.ts'
import type { RawTables } from './sources/source.ts'

/** Writes `users.parquet`, `items.parquet` and `events.parquet`; events are sorted by user, time, place in the log and behavior. */
export async function writeTables(db: Database, raw: RawTables, folder: string): Promise<void> {
  const write = (select: string, file: string): Promise<void> =>
    db.run(`COPY (${select}) TO ${literal(join(folder, file))} (FORMAT parquet, COMPRESSION zstd)`)
  await placePictures(db, raw)
  const fields = (raw.fields ?? []).map((name) => `, ${identifier(`field_${name}`)}`).join('')
  await write('SELECT index, id FROM user_index ORDER BY index', 'users.parquet')
  await write(`SELECT index, id, title, image${fields} FROM item_index ORDER BY index`, 'items.parquet')
  const time = raw.time === 'order' ? 'CAST(dense_rank() OVER (PARTITION BY e.user ORDER BY e.time) AS DOUBLE)' : 'e.time'
  await write(
    `SELECT u.index AS user, i.index AS item, e.behavior, ${time} AS time, e.role
    FROM events e JOIN user_index u ON u.n = e.user JOIN item_index i ON i.n = e.item ORDER BY u.index, e.time, e.row, e.behavior`,
    'events.parquet',
  )
}

/** Replaces the file names of pictures by their paths in the folder, '' where there is no file. */
async function placePictures(db: Database, raw: RawTables): Promise<void> {
  if (raw.images === undefined) return
  const find = pictureFinder(raw.images)
  const { image } = await itemColumns(db)
  const found = image.map(find)
  const rows = found.flatMap((path, at) => (path === '' ? [] : [`(${at + 1}, ${literal(path)})`]))
  await db.run('CREATE TABLE pictures(index INTEGER, path VARCHAR)')
  for (let at = 0; at < rows.length; at += 10_000) await db.run(`INSERT INTO pictures VALUES ${rows.slice(at, at + 10_000).join(', ')}`)
  await db.run("UPDATE item_index SET image = coalesce((SELECT path FROM pictures p WHERE p.index = item_index.index), '')")
}

async function itemColumns(db: Database): Promise<{ id: string[]; text: string[]; image: string[] }> {
  const [{ count } = { count: 0 }] = await db.rows<{ count: number }>('SELECT count(*) AS count FROM item_index')
  return db.columns('SELECT id, text, image FROM item_index ORDER BY index', count, { id: 'text', text: 'text', image: 'text' })
}

/** Has the features made and writes them; what the manifest says of them is returned. */
export async function writeFeatures(db: Database, raw: RawTables, folder: string, make: FeatureMaker | undefined): Promise<Manifest['features']> {
  if (!make) return {}
  const { id, text, image } = await itemColumns(db)
  const sources: FeatureSources = {
    ids: ['', ...id],
    titles: ['', ...text],
    images: [null, ...image.map((path) => (path === '' || raw.images === undefined ? null : resolve(raw.images, path)))],
  }
  const made = await make(sources)
  if (Object.keys(made).length === 0) return {}
  await writeAtomically(join(folder, featuresFile), encodeFeatures(made, id.length))
  return Object.fromEntries(
    Object.entries(made).map(([modality, { encoder, table, broken }]) => [
      modality,
      { encoder, width: table.width, present: table.present.reduce((sum, one) => sum + one, 0), broken: [...broken] },
    ]),
  )
}

/** The manifest of the tables, without the hashes of the files. */
export async function describeDataset(
  db: Database,
  raw: RawTables,
  given: { name: string; source: string; dropped: Dropped[]; features: Manifest['features']; settings: Manifest['settings'] },
): Promise<Manifest> {
  const { events, users } = await countEvents(db)
  const [{ count: items } = { count: 0 }] = await db.rows<{ count: number }>('SELECT count(*) AS count FROM item_index')
  const perBehavior = await db.rows<{ behavior: number; count: number }>('SELECT behavior, count(*) AS count FROM events GROUP BY behavior')
  const fields: Manifest['fields'] = {}
  for (const name of raw.fields ?? []) {
    const column = identifier(`field_${name}`)
    const [{ count } = { count: 0 }] = await db.rows<{ count: number }>(
      `SELECT count(DISTINCT ${column}) AS count FROM item_index WHERE ${column} != ''`,
    )
    fields[name] = count
  }
  return {
    format: 'siftrec-dataset',
    version: 1,
    name: given.name,
    source: given.source,
    behaviors: [...raw.behaviors],
    target: raw.target,
    time: raw.time,
    candidates: raw.mapping.candidates,
    ownSplit: raw.ownSplit,
    ...(raw.timesFrom === undefined ? {} : { timesFrom: raw.timesFrom }),
    counts: {
      events,
      users,
      items,
      perBehavior: Object.fromEntries(
        raw.behaviors.map((behavior, index) => [behavior, perBehavior.find((row) => row.behavior === index)?.count ?? 0]),
      ),
    },
    dropped: given.dropped,
    fields,
    features: given.features,
    files: {},
    settings: given.settings,
  }
}
