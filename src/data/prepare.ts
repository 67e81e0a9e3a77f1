/** @file Prepares a dataset: a shop's own files in, a folder of tables, features and a manifest out. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { UserError } from '../errors.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { type Database, identifier, literal, openDatabase } from './duckdb.ts'
import { encodeFeatures, featuresFile } from './feature-store.ts'
import { countEvents, type Dropped, filterEvents } from './filters.ts'
import { hashFile } from './hashes.ts'
import { closeGaps, indexEvents, indexItems } from './indexing.ts'
import { type MappingInput, readMapping } from './mapping.ts'
import { pictureFinder } from './pictures.ts'
import type { FeatureMaker, FeatureSources, Manifest } from './schema.ts'
import { sourceOf } from './sources/registry.ts'
import type { RawTables } from './sources/source.ts'

/** What to prepare, and how. */
export interface PrepareOptions {
  /** Name of a source; `csv` by default. */
  readonly source?: string
  /** The folder of a dataset's own files, for the sources that know them. */
  readonly input?: string
  /** Files of the log and of the item table; globs are allowed. */
  readonly events?: string | readonly string[]
  readonly items?: string | readonly string[]
  /** Folder of pictures. */
  readonly images?: string
  /** A mapping, or the path of one. */
  readonly mapping?: MappingInput | string
  /** The folder to make. */
  readonly out: string
  /** Whether a dataset that is already there may be replaced. */
  readonly overwrite?: boolean
  /** Such as `2GB`, the default. */
  readonly memoryLimit?: string
  readonly threads?: number
  readonly features?: FeatureMaker
  /** Takes a line of progress now and then. */
  readonly report?: (line: string) => void
}

/**
 * Prepares a dataset. The folder appears whole, or, on an error, not at all; its manifest is written last.
 * @throws UserError for any bad input, naming file, row and column
 */
export async function prepareDataset(options: PrepareOptions): Promise<Manifest> {
  const out = resolve(options.out)
  if (existsSync(out) && !options.overwrite) {
    throw new UserError({
      where: options.out,
      problem: 'duplicate',
      value: 'the folder is already there',
      hint: 'choose another, or allow to overwrite',
    })
  }
  const building = `${out}.partial`
  rmSync(building, { recursive: true, force: true })
  mkdirSync(building, { recursive: true })
  try {
    const manifest = await build(options, building)
    if (existsSync(out)) {
      const old = `${out}.old`
      renameSync(out, old)
      renameSync(building, out)
      rmSync(old, { recursive: true, force: true })
    } else renameSync(building, out)
    return manifest
  } finally {
    rmSync(building, { recursive: true, force: true })
  }
}

async function build(options: PrepareOptions, folder: string): Promise<Manifest> {
  const { source = 'csv', report = () => undefined, memoryLimit, threads } = options
  const temporaryFolder = join(folder, 'spill')
  using db = await openDatabase({
    temporaryFolder,
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
    ...(threads === undefined ? {} : { threads }),
  })
  const { mapping = {} } = options
  const raw = await sourceOf(source).read({
    db,
    input: options.input,
    events: [options.events ?? []].flat(),
    items: [options.items ?? []].flat(),
    images: options.images,
    mapping: typeof mapping === 'string' ? readMapping(mapping) : mapping,
    mappingName: typeof mapping === 'string' ? mapping : 'mapping',
    report,
  })
  const duplicates = await indexItems(db, raw)
  await indexEvents(db, raw)
  const name = raw.mapping.name ?? basename(resolve(options.out))
  const dropped = [...duplicates, ...(await filterEvents(db, raw, name))].filter(({ events, items }) => events + items > 0)
  for (const { filter, events, users, items } of dropped) report(`dropped for "${filter}": ${events} events, ${users} users, ${items} items`)
  await closeGaps(db, raw)
  await writeTables(db, raw, folder)
  const features = await writeFeatures(db, raw, folder, options.features)
  const manifest = await describe(db, raw, { name, source, dropped, features, settings: settingsOf(options, raw) })
  rmSync(temporaryFolder, { recursive: true, force: true })
  const files = ['events.parquet', 'users.parquet', 'items.parquet', ...(Object.keys(features).length > 0 ? [featuresFile] : [])]
  for (const file of files) manifest.files[file] = await hashFile(join(folder, file))
  await writeAtomically(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  report(`${name}: ${manifest.counts.events} events of ${manifest.counts.users} users on ${manifest.counts.items} items`)
  return manifest
}

async function writeTables(db: Database, raw: RawTables, folder: string): Promise<void> {
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

async function writeFeatures(db: Database, raw: RawTables, folder: string, make: FeatureMaker | undefined): Promise<Manifest['features']> {
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

async function describe(
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

/** What the manifest tells of the settings: the options that were given, and the mapping with all its defaults. */
function settingsOf({ source = 'csv', input, events, items }: PrepareOptions, raw: RawTables): Manifest['settings'] {
  const given = Object.entries({ source, input, events, items, images: raw.images }).filter(([, value]) => value !== undefined)
  return { ...Object.fromEntries(given), mapping: raw.mapping }
}
