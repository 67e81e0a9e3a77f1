/** @file Prepares a dataset: turns a shop's own files into a folder of tables, features and a manifest. */
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { basename, isAbsolute, join, relative, resolve } from 'node:path'
import { featuresFile } from '../dataset/feature-store.ts'
import { sealed } from '../dataset/hashes.ts'
import type { FeatureMaker, Manifest } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { openDatabase } from '../storage/duckdb.ts'
import { hashFile } from '../storage/file-hash.ts'
import { buildFolder } from '../storage/folders.ts'
import { isObjectAddress } from '../storage/s3.ts'
import { askedQuestion } from './asked-question.ts'
import { describeDataset, makeFeatures, placePictures, writeFeatures, writeTables } from './dataset-writer.ts'
import { dropPictures, dropSuspects, withoutPictures } from './drop.ts'
import { type LossRules, reportLosses } from './dropped.ts'
import { filterEvents } from './filters.ts'
import { addFresh } from './fresh.ts'
import { indexImpressions } from './impressions.ts'
import { closeGaps, indexEvents, indexItems } from './indexing.ts'
import { type Mapping, type MappingInput, readMapping } from './mapping.ts'
import { memoryBytes } from './memory.ts'
import type { PartitionWorkers } from './partition-step.ts'
import { checkPartitions, partitionsOf } from './partitions.ts'
import { checkReplaceable } from './replacing.ts'
import { countRows } from './rows.ts'
import { listFiles } from './sources/log-files.ts'
import { placeOfPostgres } from './sources/postgres-rows.ts'
import { sourceOf } from './sources/registry.ts'
import type { RawTables } from './sources/source.ts'

/** What to prepare, and how. */
export interface PrepareOptions {
  /** Name of a source; `csv` by default. */
  readonly source?: string
  /** The folder with the files of the data set that `source` names. */
  readonly input?: string
  /** Files of the log and of the item table; globs are allowed. */
  readonly events?: string | readonly string[]
  readonly items?: string | readonly string[]
  /** A file that `siftrec export-events` wrote: its events are added to the log's. */
  readonly fresh?: string
  /** A file that `siftrec audit --suspects` wrote: what it names is left out. */
  readonly drop?: string
  /** Folder of pictures. */
  readonly images?: string
  /** A mapping, or the path of one. */
  readonly mapping?: MappingInput | string
  /** The behavior to predict; wins over the mapping's. */
  readonly target?: string
  /** The folder to write. */
  readonly out: string
  /** Whether to replace a dataset that is already in `out`. */
  readonly overwrite?: boolean
  /** Memory for reading the log, such as `2GB`, the default. */
  readonly memoryLimit?: string
  /** In how many partitions of users the log is worked on, one after another; 1 by default. The dataset is the same. */
  readonly partitions?: number
  /** Others that work on several partitions: they must see the folder that `out` is in at the same path. */
  readonly workers?: PartitionWorkers
  readonly threads?: number
  /** Whether a default filter, or exact duplicates, may take more than a fifth of the log. */
  readonly allowDropped?: boolean
  readonly features?: FeatureMaker
  /** Is called with lines of progress. */
  readonly report?: (line: string) => void
}

/**
 * Prepares a dataset. On an error, or a kill, the folder is as it was. The manifest is written last.
 * @throws UserError for any bad input, naming file, row and column; `duplicate` for a folder that may not be replaced;
 * `busy` while another process prepares it
 */
export function prepareDataset(options: PrepareOptions): Promise<Manifest> {
  const { out, overwrite = false } = options
  return buildFolder(
    out,
    async (folder) => {
      if (overwrite) return checkReplaceable(folder, out, await inputsOf(options))
      throw new UserError({
        where: out,
        problem: 'duplicate',
        value: 'the folder already exists',
        hint: 'choose another folder, or replace it with --overwrite',
      })
    },
    (folder) => build(options, folder),
  )
}

/** Every file and folder that a dataset is made from. */
async function inputsOf({
  input,
  events,
  items,
  fresh,
  drop,
  images,
  mapping = {},
  features,
}: PrepareOptions): Promise<string[]> {
  const { events: log, items: catalog, users } = typeof mapping === 'string' ? readMapping(mapping) : mapping
  const patterns = [events, items, fresh, log?.files, catalog?.files, users?.files].flat()
  const folders = [input, drop, images, catalog?.images, ...(typeof mapping === 'string' ? [mapping] : [])]
  using db = await openDatabase()
  const files = await listFiles(
    db,
    patterns.filter((pattern) => pattern !== undefined).filter((pattern) => !isObjectAddress(pattern)),
  )
  return [...files, ...folders.filter((folder) => folder !== undefined), ...(features?.reads ?? [])]
}

async function build(options: PrepareOptions, folder: string): Promise<Manifest> {
  const { source = 'csv', report = () => undefined, memoryLimit = '2GB', threads, features: make } = options
  const limit = memoryBytes(memoryLimit)
  const limitText = `${Math.floor(limit / 1000)}KB`
  const count = checkPartitions(options.partitions ?? 1)
  const temporaryFolder = join(folder, 'spill')
  using db = await openDatabase({
    temporaryFolder,
    memoryLimit: limitText,
    ...(threads === undefined ? {} : { threads }),
  })
  // Others may start elsewhere, so that a relative path stays one. No other preparation has the same.
  const place = isAbsolute(options.out) ? temporaryFolder : relative('', temporaryFolder)
  const { workers } = options
  const partitions = partitionsOf(db, count, { folder: join(place, randomUUID()), memoryLimit: limitText, workers })
  const { mapping = {} } = options
  const logged = await sourceOf(source).read({
    db,
    input: options.input,
    events: [options.events ?? []].flat(),
    items: [options.items ?? []].flat(),
    images: options.images,
    mapping: {
      ...(typeof mapping === 'string' ? readMapping(mapping) : mapping),
      ...(options.target === undefined ? {} : { target: options.target }),
    },
    mappingName: typeof mapping === 'string' ? mapping : 'mapping',
    report,
    memory: { limit, partitions: count, vectorBytes: (catalog) => make?.bytes?.(catalog) ?? 0 },
  })
  const read = options.fresh === undefined ? logged : await addFresh(db, logged, options.fresh, report)
  const drop = options.drop === undefined ? undefined : await dropSuspects(db, read, options.drop)
  const duplicates = await indexItems(db, read)
  if (drop) await dropPictures(db, drop.suspects)
  await indexEvents(db, read, partitions)
  const name = read.mapping.name ?? basename(resolve(options.out))
  const rules: LossRules = { allowed: options.allowDropped ?? false, chosen: read.chosenFilters, where: name, report }
  const filtered = await filterEvents(db, read, { where: name, partitions })
  const dropped = [...(drop?.dropped ?? []), ...duplicates.dropped, ...filtered.dropped].filter(
    ({ events, items }) => events + items > 0,
  )
  // What was asked for by name is not too much.
  reportLosses(drop?.losses ?? [], { ...rules, allowed: true })
  reportLosses([...duplicates.losses, ...filtered.losses], rules)
  reportLosses(await indexImpressions(db, read, { partitions, report }), rules)
  await closeGaps(db, read)
  await placePictures(db, read, report)
  const { made, raw } = await makeFeatures(db, read, make && drop ? withoutPictures(make, drop.suspects) : make)
  await writeTables(db, raw, { folder, partitions, report })
  const features = await writeFeatures(made, folder, await countRows(db, 'item_index'))
  const manifest = await describeDataset(db, raw, {
    folder,
    name,
    source,
    dropped,
    features,
    settings: settingsOf(options, raw),
  })
  Object.assign(manifest, await askedQuestion(db, manifest, { folder, mapping: raw.mapping, report }))
  // A worker that was taken for dead may be writing there yet.
  rmSync(temporaryFolder, { recursive: true, force: true, maxRetries: 10 })
  const files = [
    'events.parquet',
    'users.parquet',
    'items.parquet',
    ...(raw.impressionLabels ? ['impressions.parquet'] : []),
    ...(Object.keys(features).length > 0 ? [featuresFile] : []),
  ]
  for (const file of files) manifest.files[file] = await hashFile(join(folder, file))
  await writeAtomically(join(folder, 'manifest.json'), sealed(manifest))
  report(
    `${name}: ${manifest.counts.events} events of ${manifest.counts.users} users on ${manifest.counts.items} items`,
  )
  return manifest
}

/** The settings in the manifest: the options of this call, and the mapping with all its defaults. */
function settingsOf(
  { source = 'csv', input, events, items, fresh, drop }: PrepareOptions,
  raw: RawTables,
): Manifest['settings'] {
  const given = Object.entries({ source, input, events, items, fresh, drop, images: raw.images }).filter(
    ([, value]) => value !== undefined,
  )
  return { ...Object.fromEntries(given), mapping: withoutPasswords(raw.mapping) }
}

/** A mapping that names its databases as messages do, without user and password. */
function withoutPasswords(mapping: Mapping): Mapping {
  const safe = { ...mapping }
  for (const section of ['events', 'items', 'users'] as const) {
    const { database } = mapping[section]
    if (database !== undefined)
      Object.assign(safe, { [section]: { ...mapping[section], database: placeOfPostgres(database, section) } })
  }
  return safe
}
