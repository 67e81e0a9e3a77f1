/** @file Opens JSON lines: a record is an object, its columns are the keys of all records, every value stays text. */
import { basename } from 'node:path'
import { UserError } from '../../errors.ts'
import { type Database, literal, pathLiterals } from '../../storage/duckdb.ts'
import { fileColumnName, fileNumber, type LogFiles, nameFiles } from './opened-files.ts'
import { hasMark, walkFile, writeEven } from './text-file.ts'
import { refusedRow } from './text-scan.ts'

const layout = { kind: 'json' } as const
/** The most different keys; more are data that was written as keys. */
const mostKeys = 10_000

/**
 * Opens files whose records may have different keys.
 * @throws UserError naming the row that is malformed or has a key twice, `empty` without a record
 */
export async function openJson(db: Database, files: readonly string[]): Promise<LogFiles> {
  const paths: string[] = []
  let records = 0
  for (const file of files) {
    records += (await walkFile(file, layout)).records
    paths.push((await hasMark(file)) ? await copyWithoutMark(db, file) : file)
  }
  const column = fileColumnName([])
  const scan = objects(paths, `, filename = ${literal(column)}`)
  const keys = await keysOf(db, scan, { files, paths })
  if (keys.length === 0)
    throw new UserError({ where: nameFiles(files), problem: 'empty', value: 'no record with a key' })
  return {
    format: 'jsonl',
    files,
    columns: new Map(keys.map((key) => [key, asText(key)])),
    scan,
    fileNumber: fileNumber(paths, column),
    records,
    readId: asId,
    rowOf: async (file, record) => (await walkFile(file, layout, record + 1)).wantedRow,
  }
}

/** Each record is one column, `json`: read as typed columns, one number among texts would rewrite all of them. */
function objects(paths: readonly string[], more: string): string {
  return `read_json_objects(${pathLiterals(paths)}, format = 'newline_delimited', hive_partitioning = false${more})`
}

interface Places {
  readonly files: readonly string[]
  readonly paths: readonly string[]
}

/** The keys of all records, in the order of the first record that has them at that place. */
async function keysOf(db: Database, scan: string, places: Places): Promise<string[]> {
  const shapes = `SELECT DISTINCT json_keys(json) AS keys FROM ${scan}`
  const entries = `SELECT unnest(keys) AS key, generate_subscripts(keys, 1) AS place,
    len(keys) > len(list_distinct(keys)) AS twice FROM (${shapes})`
  const query = `SELECT key, bool_or(twice) AS twice FROM (${entries})
    GROUP BY key ORDER BY min(place), key LIMIT ${mostKeys + 1}`
  const found = await db.rows<{ key: string; twice: boolean }>(query).catch(async (error: unknown) => {
    await refuseFirst(db, places)
    throw error
  })
  if (found.length > mostKeys) {
    const value = `more than ${mostKeys} different keys`
    throw new UserError({ where: nameFiles(places.files), problem: 'unsupported', value, expected: 'fewer' })
  }
  if (found.some(({ twice }) => twice)) await refuseFirst(db, places)
  return found.map(({ key }) => key)
}

/** @throws UserError `invalid` for the first record that cannot be parsed, `duplicate` for one with a key twice */
async function refuseFirst(db: Database, { files, paths }: Places): Promise<void> {
  for (const [index, file] of files.entries()) {
    // With errors ignored, a malformed record is NULL.
    const scan = objects([paths[index] as string], ', ignore_errors = true')
    const [bad] = await db.rows<{ record: number; keys: string[] | null }>(
      `SELECT record, keys FROM (SELECT row_number() OVER () AS record, json_keys(json) AS keys FROM ${scan})
      WHERE keys IS NULL OR len(keys) > len(list_distinct(keys)) ORDER BY record LIMIT 1`,
    )
    if (!bad) continue
    const { wantedRow } = await walkFile(file, layout, bad.record)
    const { keys } = bad
    if (keys === null) throw refusedRow(basename(file), wantedRow, 'malformed JSON')
    const key = keys.find((name, at) => keys.indexOf(name) < at)
    throw new UserError({ where: `${basename(file)} row ${wantedRow}`, problem: 'duplicate', value: `key "${key}"` })
  }
}

/** A key as a pointer into a record. */
function pointer(key: string): string {
  return literal(`/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
}

/** Reads a value as text: numbers as they are written, lists joined, null as nothing. */
function asText(key: string): string {
  const value = `json_extract(json, ${pointer(key)})`
  const inner =
    "CASE json_type(e) WHEN 'ARRAY' THEN json_extract_string(e, '$[*]') ELSE [json_extract_string(e, '$')] END"
  const list = `flatten(list_transform(json_extract(${value}, '$[*]'), lambda e: ${inner}))`
  const text = `json_extract_string(json, ${pointer(key)})`
  return `CASE json_type(json, ${pointer(key)}) WHEN 'ARRAY' THEN array_to_string(${list}, ' | ')
    WHEN 'DOUBLE' THEN coalesce(${asWritten(key, text)}, ${text}) ELSE ${text} END`
}

/** A number as its digits stand in the record: DuckDB would make 1.10 and 1e3 of it 1.1 and 1000.0. */
function asWritten(key: string, text: string): string {
  const name = JSON.stringify(key).replaceAll(/[^\p{L}\p{N} ]/gu, String.raw`\$&`)
  const numbers = `regexp_extract_all(json, ${literal(String.raw`${name}\s*:\s*([-+.0-9eE]+)`)}, 1)`
  return `list_filter(${numbers}, lambda n: TRY_CAST(n AS DOUBLE) = TRY_CAST(${text} AS DOUBLE))[1]`
}

/** Reads a text or a whole number as an id, and marks anything else as none. */
function asId(key: string): string {
  const text = `json_extract_string(json, ${pointer(key)})`
  return `CASE WHEN json_type(json, ${pointer(key)}) IN ('VARCHAR', 'BIGINT', 'UBIGINT') THEN ${text}
    WHEN regexp_full_match(${text}, '-?[0-9]+') THEN ${text} ELSE chr(0) || ${text} END`
}

async function copyWithoutMark(db: Database, file: string): Promise<string> {
  const copy = await db.temporaryFile('.jsonl')
  await writeEven(file, copy, { even: 'as they are', encoding: 'utf-8' })
  return copy
}
