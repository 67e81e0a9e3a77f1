/** @file Writes the tables and features of a prepared dataset, and describes them in a manifest. */
import { join, resolve } from 'node:path'
import { encodeFeatures, featuresFile } from '../dataset/feature-store.ts'
import type { FeatureMaker, FeatureSources, MadeCatalog, Manifest } from '../dataset/schema.ts'
import { shorten, UserError } from '../errors.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { type Database, identifier, literal, pathLiterals } from '../storage/duckdb.ts'
import type { Filtered } from './filters.ts'
import { describeImpressions, labelColumns } from './impressions.ts'
import type { Counts } from './partition-step.ts'
import type { Partitions } from './partitions.ts'
import { pictureFinder } from './pictures.ts'
import { countRows } from './rows.ts'
import { sortedTables, sortStep } from './sorting.ts'
import type { RawTables } from './sources/source.ts'

/**
 * Writes `users.parquet`, `items.parquet`, `events.parquet` and `impressions.parquet`; the last two are sorted by user,
 * time and order in the log.
 */
export async function writeTables(
  db: Database,
  raw: RawTables,
  { folder, partitions, report }: { folder: string; partitions: Partitions; report: (line: string) => void },
): Promise<void> {
  const write = (columns: readonly string[], from: string, file: string): Promise<void> =>
    db.run(
      `COPY (SELECT ${columns.join(', ')} FROM ${from}) TO ${literal(join(folder, file))} (FORMAT parquet, COMPRESSION zstd)`,
    )
  await write(
    ['index', 'id', ...describingColumns(raw.userFields, raw.userNumbers)],
    'user_index ORDER BY index',
    'users.parquet',
  )
  await write(
    ['index', 'id', 'title', 'image', ...describingColumns(raw.fields, raw.numbers)],
    'item_index ORDER BY index',
    'items.parquet',
  )
  const asked = { ordered: raw.time === 'order', labels: raw.impressionLabels && labelColumns(raw) }
  const sort = (table: 'events' | 'impressions'): Promise<Counts> =>
    partitions.write(sortedTables(table, asked), sortStep, { ...asked, table }, join(folder, `${table}.parquet`))
  const { tied = 0 } = await sort('events')
  if (tied > 0)
    report(
      `places in the order that several rows of a user share: ${tied}; these rows are taken in the order of the log`,
    )
  if (raw.impressionLabels !== undefined) await sort('impressions')
}

/** The columns of fields and numbers, as SQL identifiers. */
function describingColumns(fields: readonly string[] = [], numbers: readonly string[] = []): string[] {
  return [...fields.map((name) => identifier(`field_${name}`)), ...numbers.map((name) => identifier(`number_${name}`))]
}

/** Replaces the file names of pictures by their paths in the folder, '' if there is no file. */
export async function placePictures(db: Database, raw: RawTables, report: (line: string) => void): Promise<void> {
  if (raw.images === undefined) return
  const find = pictureFinder(raw.images)
  const { image } = await itemColumns(db)
  const found = image.map(find)
  if (!found.some((path) => path !== '')) {
    const wanted = image.find((name) => name !== '') ?? ''
    const looked = wanted === '' ? 'no item names one' : `the first item's would be "${shorten(wanted)}"`
    report(
      `warning: pictures: no file in ${shorten(raw.images)} is an item's (${looked}); set items.image in the mapping to how they are named`,
    )
  }
  await setColumn(db, 'image', found)
}

/** Gives a column of the items new values, those of item 1 first. */
async function setColumn(db: Database, column: string, values: readonly string[]): Promise<void> {
  const rows = values.flatMap((value, at) => (value === '' ? [] : [`(${at + 1}, ${literal(value)})`]))
  await db.run('CREATE OR REPLACE TABLE new_values(index INTEGER, value VARCHAR)')
  for (let at = 0; at < rows.length; at += 10_000)
    await db.run(`INSERT INTO new_values VALUES ${rows.slice(at, at + 10_000).join(', ')}`)
  await db.run(
    `UPDATE item_index SET ${column} = coalesce((SELECT value FROM new_values n WHERE n.index = item_index.index), '')`,
  )
}

async function itemColumns(db: Database): Promise<{ id: string[]; text: string[]; image: string[] }> {
  const items = await countRows(db, 'item_index')
  return db.columns('SELECT id, text, image FROM item_index ORDER BY index', items, {
    id: 'text',
    text: 'text',
    image: 'text',
  })
}

/**
 * Makes the vectors of the items, and adds the fields that are made with them to the items.
 * @returns the vectors, and the tables with those fields
 * @throws UserError `duplicate` where the items have such a field already
 */
export async function makeFeatures(
  db: Database,
  raw: RawTables,
  make: FeatureMaker | undefined,
): Promise<{ made: MadeVectors; raw: RawTables }> {
  if (!make) return { made: {}, raw }
  const twice = make.fields?.find((name) => [...(raw.fields ?? []), ...(raw.numbers ?? [])].includes(name))
  if (twice !== undefined)
    throw new UserError({
      where: `field "${twice}"`,
      problem: 'duplicate',
      value: 'the items have it already',
      hint: 'name that of the labels with --label-field',
    })
  const { id, text, image } = await itemColumns(db)
  const sources: FeatureSources = {
    ids: ['', ...id],
    titles: ['', ...text],
    images: [
      null,
      ...image.map((path) => (path === '' || raw.images === undefined ? null : resolve(raw.images, path))),
    ],
  }
  const { fields = {}, ...made } = await make(sources)
  for (const [name, values] of Object.entries(fields)) {
    const column = identifier(`field_${name}`)
    await db.run(`ALTER TABLE item_index ADD COLUMN ${column} VARCHAR`)
    await setColumn(db, column, values.slice(1))
  }
  const names = Object.keys(fields)
  return { made, raw: names.length === 0 ? raw : { ...raw, fields: [...(raw.fields ?? []), ...names] } }
}

type MadeVectors = Omit<MadeCatalog, 'fields'>

/** Writes the vectors, and returns their entry in the manifest. */
export async function writeFeatures(made: MadeVectors, folder: string, items: number): Promise<Manifest['features']> {
  if (Object.keys(made).length === 0) return {}
  await writeAtomically(join(folder, featuresFile), encodeFeatures(made, items))
  return Object.fromEntries(
    Object.entries(made).map(([modality, { encoder, table, broken }]) => [
      modality,
      { encoder, width: table.width, present: table.present.reduce((sum, one) => sum + one, 0), broken: [...broken] },
    ]),
  )
}

/** The manifest of the tables in a folder, without the hashes of the files. */
export async function describeDataset(
  db: Database,
  raw: RawTables,
  given: {
    folder: string
    name: string
    source: string
    dropped: Filtered['dropped']
    features: Manifest['features']
    settings: Manifest['settings']
  },
): Promise<Manifest> {
  const users = await countRows(db, 'user_index')
  const items = await countRows(db, 'item_index')
  const perBehavior = await db.rows<{ behavior: number; count: number }>(
    `SELECT behavior, count(*) AS count FROM read_parquet(${pathLiterals([join(given.folder, 'events.parquet')])}) GROUP BY behavior`,
  )
  return {
    format: 'siftrec-dataset',
    version: 1,
    name: given.name,
    ...(raw.mapping.noun && { noun: raw.mapping.noun }),
    source: given.source,
    behaviors: [...raw.behaviors],
    target: raw.target,
    time: raw.time,
    candidates: raw.mapping.candidates ?? 'unseen',
    ownSplit: raw.ownSplit,
    ...(raw.timesFrom === undefined ? {} : { timesFrom: raw.timesFrom }),
    counts: {
      events: perBehavior.reduce((sum, { count }) => sum + count, 0),
      users,
      items,
      perBehavior: Object.fromEntries(
        raw.behaviors.map((behavior, index) => [
          behavior,
          perBehavior.find((row) => row.behavior === index)?.count ?? 0,
        ]),
      ),
    },
    dropped: [...given.dropped],
    fields: await countValues(db, 'item_index', raw.fields),
    features: given.features,
    ...(raw.numbers?.length ? { numbers: [...raw.numbers] } : {}),
    ...(await describeUsers(db, raw)),
    ...(await describeImpressions(db, raw, given.folder)),
    files: {},
    settings: given.settings,
  }
}

/** The number of distinct values of each field, without the unknown. */
async function countValues(
  db: Database,
  table: string,
  fields: readonly string[] = [],
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const name of fields) {
    const column = identifier(`field_${name}`)
    const [{ count } = { count: 0 }] = await db.rows<{ count: number }>(
      `SELECT count(DISTINCT ${column}) AS count FROM ${table} WHERE ${column} != ''`,
    )
    counts[name] = count
  }
  return counts
}

async function describeUsers(
  db: Database,
  { userFields = [], userNumbers = [] }: RawTables,
): Promise<Pick<Manifest, 'users'>> {
  if (userFields.length + userNumbers.length === 0) return {}
  return { users: { fields: await countValues(db, 'user_index', userFields), numbers: [...userNumbers] } }
}
