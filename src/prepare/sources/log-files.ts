/** @file Finds the files of a log or an item table, their columns, and the SQL that scans them. */
import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { UserError } from '../../errors.ts'
import { type Database, literal } from '../../storage/duckdb.ts'
import { isObjectAddress, type Objects, openObjects } from '../../storage/s3.ts'
import { openCells } from './cell-files.ts'
import { openJson } from './json-files.ts'
import { type FileFormat, type LogFiles, nameFiles } from './opened-files.ts'
import { openParquet } from './parquet-files.ts'
import { needFile } from './text-file.ts'

export type { LogFiles } from './opened-files.ts'

/** Common names of the column of item ids. */
export const itemNames = [
  'item',
  'item_id',
  'itemid',
  'movieId',
  'video_id',
  'photo_id',
  'product_id',
  'parent_asin',
  'asin',
]

/**
 * The files that paths and globs name, in order. Objects of S3-compatible storage are copied to files first.
 * @throws UserError `missing` when one of them names no file, `unsupported` for one elsewhere
 */
export async function listFiles(db: Database, patterns: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const pattern of patterns) {
    if (isObjectAddress(pattern)) {
      found.push(...(await copiedObjects(db, pattern)))
      continue
    }
    if (/^[a-z]\w*:\/\//i.test(pattern)) throw remote(pattern)
    const files = existsSync(pattern)
      ? [pattern]
      : (await db.rows<{ file: string }>(`SELECT file FROM glob(${literal(pattern)}) ORDER BY file`)).map(
          ({ file }) => file,
        )
    if (files.length === 0) throw new UserError({ where: pattern, problem: 'missing', value: 'no such file' })
    found.push(...files)
  }
  return found
}

/** Where copies of objects are, by their addresses. */
const copies = new WeakMap<Database, Map<string, Promise<string>>>()

/** Copies the objects that an address names to files of their names, each once for a database. */
async function copiedObjects(db: Database, address: string): Promise<string[]> {
  using objects = await openObjects()
  const known = copies.get(db) ?? new Map<string, Promise<string>>()
  copies.set(db, known)
  const files: string[] = []
  for (const found of await objects.find(address)) {
    const copied = known.get(found) ?? copiedObject(db, objects, found)
    known.set(found, copied)
    files.push(await copied)
  }
  return files
}

async function copiedObject(db: Database, objects: Objects, address: string): Promise<string> {
  // Messages say where a bad row is by the name of its file.
  const folder = await db.temporaryFile('')
  mkdirSync(folder)
  const file = join(folder, basename(address))
  await objects.copy(address, file)
  return file
}

/** The refusal of an address, without user and password. */
function remote(address: string): UserError {
  const [scheme = ''] = address.split(':', 1)
  const served = /^postgres(ql)?$/i.test(scheme)
  return new UserError({
    where: address.replace(/\/\/.*@/, '//'),
    problem: 'unsupported',
    value: served ? 'a database' : 'a remote file',
    expected: 'a file of this machine, or s3://BUCKET/KEY',
    hint: served
      ? 'name it with events.database in the mapping, and a table or a query'
      : 'copy it to a disk first, and name the copy',
  })
}

const opened = new WeakMap<Database, Map<string, Promise<LogFiles>>>()

/**
 * Opens files of one layout. The extension of the first file decides the format, unless the mapping sets it. Files that
 * are opened again in one database are not checked again.
 * @throws UserError naming file and row for whatever could be misread
 */
export function openFiles(db: Database, files: readonly string[], layout: FileFormat = {}): Promise<LogFiles> {
  const { format, delimiter, quoted, columns, encoding } = layout
  const key = JSON.stringify([files, format, delimiter, quoted, columns, encoding])
  const known = opened.get(db) ?? new Map<string, Promise<LogFiles>>()
  opened.set(db, known)
  const found = known.get(key) ?? openAnew(db, files, layout)
  known.set(key, found)
  return found
}

async function openAnew(db: Database, files: readonly string[], layout: FileFormat): Promise<LogFiles> {
  const format = layout.format ?? commonFormat(files)
  const real = files.map((file) => realpathSync(file))
  const twice = files.find((_, at) => real.indexOf(real[at] as string) < at)
  if (twice !== undefined) throw new UserError({ where: twice, problem: 'duplicate', value: 'the file is named twice' })
  const { encoding = 'utf-8' } = layout
  if (encoding !== 'utf-8' && (format === 'parquet' || format === 'jsonl')) {
    const value = `encoding ${encoding} of ${format === 'jsonl' ? 'JSON' : 'Parquet'}, which is always UTF-8`
    throw new UserError({ where: nameFiles(files), problem: 'unsupported', value, hint: 'leave encoding out' })
  }
  if (format === 'parquet') return openParquet(db, files)
  return format === 'jsonl' ? openJson(db, files) : openCells(db, files, { ...layout, format })
}

/** @throws UserError `mismatched` for files of several formats */
function commonFormat(files: readonly string[]): LogFiles['format'] {
  const [first] = files
  if (first === undefined) throw new UserError({ where: 'events', problem: 'missing', value: 'no file was given' })
  const format = formatOf(first)
  const other = files.find((file) => formatOf(file) !== format)
  if (other === undefined) return format
  const expected = `${format}, as ${basename(first)}`
  throw new UserError({ where: basename(other), problem: 'mismatched', value: formatOf(other), expected })
}

function formatOf(path: string): LogFiles['format'] {
  const plain = path.replace(/\.gz$/, '')
  if (/\.csv$/i.test(plain)) return 'csv'
  if (/\.(tsv|txt|inter|item|text)$/i.test(plain)) return 'tsv'
  if (/\.(jsonl|json|ndjson)$/i.test(plain)) return 'jsonl'
  if (/\.(parquet|pq)$/i.test(plain)) return 'parquet'
  needFile(path)
  throw new UserError({
    where: path,
    problem: 'unsupported',
    value: 'the file extension',
    expected: '.csv, .tsv, .jsonl or .parquet, also .gz',
    hint: path.endsWith('.zst') ? 'unpack it, or pack it with gzip' : 'or set `format` in the mapping',
  })
}

/**
 * Finds a column: the configured one, or the first common name that exists (letter case and a `:type` suffix are
 * ignored).
 * @throws UserError `duplicate` when two columns have the name
 */
export function findColumn(
  { files, columns }: LogFiles,
  configured: string | undefined,
  aliases: readonly string[],
): string | undefined {
  if (configured !== undefined && columns.has(configured)) return configured
  for (const alias of configured === undefined ? aliases : [configured]) {
    const [found, other] = [...columns.keys()].filter(
      (name) => name.replace(/:.*$/, '').toLowerCase() === alias.toLowerCase(),
    )
    if (other !== undefined) {
      const value = `"${found}" and "${other}" for column "${alias}"`
      throw new UserError({ where: nameFiles(files), problem: 'duplicate', value, hint: 'name one in the mapping' })
    }
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * As {@link findColumn}, for a column that must exist.
 * @param key the mapping's key that names it
 * @throws UserError `missing`, naming the file, the column and the columns there are
 */
export function needColumn(
  log: LogFiles,
  configured: string | undefined,
  aliases: readonly string[],
  key: string,
): string {
  const found = findColumn(log, configured, aliases)
  if (found !== undefined) return found
  const value = `column ${
    configured === undefined
      ? aliases
          .slice(0, 3)
          .map((name) => `"${name}"`)
          .join(' or ')
      : `"${configured}"`
  }`
  const there = [...log.columns.keys()].map((name) => `"${name}"`).join(', ')
  throw new UserError({
    where: basename(log.files[0] ?? ''),
    problem: 'missing',
    value,
    expected: `one of ${there}`,
    hint: delimiterHint(log, key) ?? `name it with ${key} in the mapping`,
  })
}

/** A hint for files whose header is one cell with another delimiter in it. */
function delimiterHint({ columns, delimiter }: LogFiles, key: string): string | undefined {
  const [only = '', second] = columns.keys()
  const [section] = key.split('.')
  const found = [';', '\t', '|', ','].find((character) => only.includes(character))
  if (second !== undefined || !found || delimiter === undefined || !key.includes('.')) return undefined
  return `set ${section}.delimiter to ${found === '\t' ? String.raw`"\t"` : `'${found}'`} in the mapping`
}

/** A column with the number of the file, from 1, if there are several files. */
export function fileColumn({ fileNumber }: LogFiles): string {
  return fileNumber === undefined ? '' : `, ${fileNumber} AS file`
}
