/** @file Finds the files of a log or an item table, their columns, and the SQL that scans them. */
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { UserError } from '../../errors.ts'
import { type Database, identifier, literal, literals } from '../../storage/duckdb.ts'

/** The format of files; see the mapping. */
interface FileFormat {
  readonly format?: 'csv' | 'tsv' | 'jsonl' | 'parquet' | undefined
  readonly delimiter?: string | undefined
  readonly quoted?: boolean | undefined
  readonly columns?: readonly string[] | undefined
}

/** Files of one layout, ready to be scanned. */
export interface LogFiles {
  readonly files: readonly string[]
  /** The columns by their names in the file, each with an SQL expression that reads it as text. */
  readonly columns: ReadonlyMap<string, string>
  /** An SQL table expression; its column `filename` is the file. */
  readonly scan: string
  /** The row number of the first record, as an editor shows it: 2 below a header, otherwise 1. */
  readonly firstRow: number
}

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
 * The files that paths and globs name, in order.
 * @throws UserError `missing` when one of them names no file
 */
export async function listFiles(db: Database, patterns: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const pattern of patterns) {
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

/**
 * Opens files of one layout. The extension of the first file decides the format, unless the mapping sets it.
 * @throws UserError `unsupported` for another extension, `empty` for a file without a header
 */
export async function openFiles(db: Database, files: readonly string[], layout: FileFormat = {}): Promise<LogFiles> {
  const [first] = files
  if (first === undefined) throw new UserError({ where: 'events', problem: 'missing', value: 'no file was given' })
  const format = layout.format ?? formatOf(first)
  const list = literals(files)
  if (format === 'parquet' || format === 'jsonl') {
    const scan =
      format === 'parquet'
        ? `read_parquet(${list}, filename = true)`
        : `read_json(${list}, format = 'newline_delimited', filename = true)`
    const described = await db.rows<{ column_name: string; column_type: string }>(`DESCRIBE SELECT * FROM ${scan}`)
    const columns = described
      .filter(({ column_name }) => column_name !== 'filename')
      .map(({ column_name, column_type }) => [column_name, asText(column_name, column_type)] as const)
    return { files, columns: new Map(columns), scan, firstRow: 1 }
  }
  const delimiter = layout.delimiter ?? (format === 'csv' ? ',' : '\t')
  const quote = (layout.quoted ?? format === 'csv') ? '"' : ''
  const names = layout.columns ?? headerOf(await firstLine(db, first), delimiter, quote)
  const types = names.map((name) => `${identifier(name)}: 'VARCHAR'`).join(', ')
  const scan =
    `read_csv(${list}, auto_detect = false, columns = {${types}}, header = ${layout.columns === undefined}, ` +
    `delim = ${literal(delimiter)}, quote = ${literal(quote)}, escape = ${literal(quote)}, filename = true)`
  return {
    files,
    columns: new Map(names.map((name) => [name, identifier(name)])),
    scan,
    firstRow: layout.columns ? 1 : 2,
  }
}

function formatOf(path: string): 'csv' | 'tsv' | 'jsonl' | 'parquet' {
  const plain = path.replace(/\.(gz|zst)$/, '')
  if (/\.csv$/i.test(plain)) return 'csv'
  if (/\.(tsv|txt|inter|item|text)$/i.test(plain)) return 'tsv'
  if (/\.(jsonl|json|ndjson)$/i.test(plain)) return 'jsonl'
  if (/\.(parquet|pq)$/i.test(plain)) return 'parquet'
  throw new UserError({
    where: path,
    problem: 'unsupported',
    value: 'the file extension',
    expected: '.csv, .tsv, .jsonl or .parquet, also .gz',
    hint: 'or set `format` in the mapping',
  })
}

/** The first line of a text file, gzipped or not. */
export async function firstLine(db: Database, file: string): Promise<string> {
  const plain =
    "auto_detect = false, columns = {line: 'VARCHAR'}, header = false, delim = '\u0001', quote = '', escape = ''"
  const [row] = await db.rows<{ line: string | null }>(
    `SELECT line FROM read_csv(${literals([file])}, ${plain}) LIMIT 1`,
  )
  if (!row?.line) throw new UserError({ where: basename(file), problem: 'empty', value: 'no header line' })
  return row.line.replace(/^\uFEFF/, '').replace(/\r$/, '')
}

/** Column names of a header line; a column without a name is named by its position. */
function headerOf(line: string, delimiter: string, quote: string): string[] {
  const cells = quote && line.includes(quote) ? quotedCells(line, delimiter) : line.split(delimiter)
  const taken = new Set<string>()
  return cells.map((cell, index) => {
    const name = cell.trim() === '' || taken.has(cell.trim().toLowerCase()) ? `column${index + 1}` : cell.trim()
    taken.add(name.toLowerCase())
    return name
  })
}

function quotedCells(line: string, delimiter: string): string[] {
  const cells = ['']
  let inside = false
  for (const character of line) {
    if (character === '"') inside = !inside
    else if (character === delimiter && !inside) cells.push('')
    else cells[cells.length - 1] += character
  }
  return cells
}

function asText(name: string, type: string): string {
  const column = identifier(name)
  if (type.endsWith('[][]')) return `array_to_string(flatten(${column}), ' | ')`
  if (type.endsWith('[]')) return `array_to_string(${column}, ' | ')`
  return `CAST(${column} AS VARCHAR)`
}

/**
 * Finds a column: the configured one, or the first common name that exists (letter case and a `:type` suffix are
 * ignored).
 */
export function findColumn(
  { columns }: LogFiles,
  configured: string | undefined,
  aliases: readonly string[],
): string | undefined {
  if (configured !== undefined && columns.has(configured)) return configured
  const byName = new Map([...columns.keys()].map((name) => [name.replace(/:.*$/, '').toLowerCase(), name]))
  for (const alias of configured === undefined ? aliases : [configured]) {
    const found = byName.get(alias.toLowerCase())
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
    hint: `name it with ${key} in the mapping`,
  })
}

/** A column with the number of the file, from 1, if there are several files. */
export function fileColumn(files: readonly string[]): string {
  return files.length > 1 ? `, CAST(list_position(${literals(files)}, filename) AS USMALLINT) AS file` : ''
}
