/** @file Prepares a dataset: a shop's own files in, a folder of tables, features and a manifest out. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { featuresFile } from '../dataset/feature-store.ts'
import { hashFile } from '../dataset/hashes.ts'
import type { FeatureMaker, Manifest } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { openDatabase } from '../storage/duckdb.ts'
import { describeDataset, writeFeatures, writeTables } from './dataset-writer.ts'
import { filterEvents } from './filters.ts'
import { indexImpressions } from './impressions.ts'
import { closeGaps, indexEvents, indexItems } from './indexing.ts'
import { type MappingInput, readMapping } from './mapping.ts'
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
  const dropped = [...duplicates, ...(await filterEvents(db, raw, name))].filter(
    ({ events, items }) => events + items > 0,
  )
  for (const { filter, events, users, items } of dropped)
    report(`dropped for "${filter}": ${events} events, ${users} users, ${items} items`)
  await indexImpressions(db, raw, report)
  await closeGaps(db, raw)
  await writeTables(db, raw, folder)
  const features = await writeFeatures(db, raw, folder, options.features)
  const manifest = await describeDataset(db, raw, {
    name,
    source,
    dropped,
    features,
    settings: settingsOf(options, raw),
  })
  rmSync(temporaryFolder, { recursive: true, force: true })
  const files = [
    'events.parquet',
    'users.parquet',
    'items.parquet',
    ...(raw.impressionLabels ? ['impressions.parquet'] : []),
    ...(Object.keys(features).length > 0 ? [featuresFile] : []),
  ]
  for (const file of files) manifest.files[file] = await hashFile(join(folder, file))
  await writeAtomically(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  report(
    `${name}: ${manifest.counts.events} events of ${manifest.counts.users} users on ${manifest.counts.items} items`,
  )
  return manifest
}

/** What the manifest tells of the settings: the options that were given, and the mapping with all its defaults. */
function settingsOf({ source = 'csv', input, events, items }: PrepareOptions, raw: RawTables): Manifest['settings'] {
  const given = Object.entries({ source, input, events, items, images: raw.images }).filter(
    ([, value]) => value !== undefined,
  )
  return { ...Object.fromEntries(given), mapping: raw.mapping }
}
