/**
 * @file Opens JSON lines: a record is an object, its columns are the keys of all records and those of objects in them,
 * as `user.id`; every value stays text.
 */
import { basename } from 'node:path'
import { UserError } from '../../errors.ts'
import { type Database, literal, pathLiterals } from '../../storage/duckdb.ts'
import { fileColumnName, fileNumber, type LogFiles, nameFiles } from './opened-files.ts'
import { hasMark, walkFile, writeEven } from './text-file.ts'
import { refusedRow } from './text-scan.ts'

const layout = { kind: 'json' } as const
/** The most different keys; more are data that was written as keys. */
const mostKeys = 10_000
/** The most keys of objects within records. */
const mostNested = 1000

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
  const named = await pathsOf(db, scan, { files, paths })
  if (named.size === 0)
    throw new UserError({ where: nameFiles(files), problem: 'empty', value: 'no record with a key' })
  return {
    format: 'jsonl',
    files,
    columns: new Map([...named].map(([name, path]) => [name, asText(path)])),
    scan,
    fileNumber: fileNumber(paths, column),
    records,
    readId: (name) => asId(named.get(name) ?? [name]),
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

/** The keys that lead to a value, the outermost first. */
type Path = readonly string[]

/**
 * The values of all records by their columns' names: keys in the order of the first record that has them at that place,
 * then those of objects. A key that is itself called `user.id` comes before the `id` of `user`.
 */
async function pathsOf(db: Database, scan: string, places: Places): Promise<ReadonlyMap<string, Path>> {
  const shapes = `SELECT DISTINCT json_keys(json) AS keys,
    regexp_matches(CAST(json AS VARCHAR), ':\\s*\\{') AS nests FROM ${scan}`
  const entries = `SELECT unnest(keys) AS key, generate_subscripts(keys, 1) AS place,
    len(keys) > len(list_distinct(keys)) AS twice, nests FROM (${shapes})`
  const query = `SELECT key, bool_or(twice) AS twice, bool_or(nests) AS nests FROM (${entries})
    GROUP BY key ORDER BY min(place), key LIMIT ${mostKeys + 1}`
  const found = await db.rows<{ key: string; twice: boolean; nests: boolean }>(query).catch(async (error: unknown) => {
    await refuseFirst(db, places)
    throw error
  })
  if (found.some(({ twice }) => twice)) await refuseFirst(db, places)
  if (found.length > mostKeys) {
    const value = `more than ${mostKeys} different keys`
    throw new UserError({ where: nameFiles(places.files), problem: 'unsupported', value, expected: 'fewer' })
  }
  const named = new Map<string, Path>(found.map(({ key }) => [key, [key]]))
  const nested = found.some(({ nests }) => nests) ? await nestedPaths(db, scan, places) : []
  for (const path of nested) if (!named.has(path.join('.'))) named.set(path.join('.'), path)
  return named
}

/**
 * The values within objects, where no record has anything else but null in an object's place; none where they have more
 * keys than names of columns can be.
 */
async function nestedPaths(db: Database, scan: string, places: Places): Promise<Path[]> {
  const query = `SELECT CAST(json_group_structure(json) AS VARCHAR) AS structure FROM ${scan}`
  const [found] = await db.rows<{ structure: string }>(query)
  const [objectsAt, valuesAt]: [Path[], Path[]] = [[], []]
  const walk = (value: unknown, path: Path): void => {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (!isObject) return void (path.length > 1 && valuesAt.push(path))
    if (path.length > 0) objectsAt.push(path)
    for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key])
  }
  walk(JSON.parse(found?.structure ?? '{}'), [])
  if (objectsAt.length === 0 || objectsAt.length + valuesAt.length > mostNested) return []
  const twice = objectsAt.map((path, at) => {
    const keys = `json_keys(json, ${pointer(path)})`
    return `bool_or(len(${keys}) > len(list_distinct(${keys}))) AS o${at}`
  })
  const [bad] = await db.rows<Record<string, boolean | null>>(`SELECT ${twice.join(', ')} FROM ${scan}`)
  for (const [at, path] of objectsAt.entries()) if (bad?.[`o${at}`]) await refuseFirst(db, places, path)
  return valuesAt
}

/**
 * @param path of the object whose keys are looked at; the record itself by default
 * @throws UserError `invalid` for the first record that cannot be parsed, `duplicate` for one with a key twice
 */
async function refuseFirst(db: Database, { files, paths }: Places, path: Path = []): Promise<void> {
  const [of, malformed] = path.length > 0 ? [`json, ${pointer(path)}`, 'false'] : ['json', 'keys IS NULL']
  for (const [index, file] of files.entries()) {
    // With errors ignored, a malformed record is NULL.
    const scan = objects([paths[index] as string], ', ignore_errors = true')
    const [bad] = await db.rows<{ record: number; keys: string[] | null }>(
      `SELECT record, keys FROM (SELECT row_number() OVER () AS record, json_keys(${of}) AS keys FROM ${scan})
      WHERE ${malformed} OR len(keys) > len(list_distinct(keys)) ORDER BY record LIMIT 1`,
    )
    if (!bad) continue
    const { wantedRow } = await walkFile(file, layout, bad.record)
    const { keys } = bad
    if (keys === null) throw refusedRow(basename(file), wantedRow, 'malformed JSON')
    const key = [...path, keys.find((name, at) => keys.indexOf(name) < at)].join('.')
    throw new UserError({ where: `${basename(file)} row ${wantedRow}`, problem: 'duplicate', value: `key "${key}"` })
  }
}

/** A path as a pointer into a record. */
function pointer(path: Path): string {
  return literal(path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''))
}

/** Reads a value as text: numbers as they are written, lists joined, null as nothing. */
function asText(path: Path): string {
  const at = pointer(path)
  const value = `json_extract(json, ${at})`
  const inner =
    "CASE json_type(e) WHEN 'ARRAY' THEN json_extract_string(e, '$[*]') ELSE [json_extract_string(e, '$')] END"
  const list = `flatten(list_transform(json_extract(${value}, '$[*]'), lambda e: ${inner}))`
  const text = `json_extract_string(json, ${at})`
  return `CASE json_type(json, ${at}) WHEN 'ARRAY' THEN array_to_string(${list}, ' | ')
    WHEN 'DOUBLE' THEN coalesce(${asWritten(path.at(-1) as string, text)}, ${text}) ELSE ${text} END`
}

/** A number as its digits stand in the record: DuckDB would make 1.10 and 1e3 of it 1.1 and 1000.0. */
function asWritten(key: string, text: string): string {
  const name = JSON.stringify(key).replaceAll(/[^\p{L}\p{N} ]/gu, String.raw`\$&`)
  const numbers = `regexp_extract_all(json, ${literal(String.raw`${name}\s*:\s*([-+.0-9eE]+)`)}, 1)`
  return `list_filter(${numbers}, lambda n: TRY_CAST(n AS DOUBLE) = TRY_CAST(${text} AS DOUBLE))[1]`
}

/** Reads a text or a whole number as an id, and marks anything else as none. */
function asId(path: Path): string {
  const text = `json_extract_string(json, ${pointer(path)})`
  return `CASE WHEN json_type(json, ${pointer(path)}) IN ('VARCHAR', 'BIGINT', 'UBIGINT') THEN ${text}
    WHEN regexp_full_match(${text}, '-?[0-9]+') THEN ${text} ELSE chr(0) || ${text} END`
}

async function copyWithoutMark(db: Database, file: string): Promise<string> {
  const copy = await db.temporaryFile('.jsonl')
  await writeEven(file, copy, { even: 'as they are', encoding: 'utf-8' })
  return copy
}
