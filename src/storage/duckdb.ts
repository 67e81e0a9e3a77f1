/** @file The only importer of DuckDB: an in-memory database, SQL, and results as columns. */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { UserError } from '../errors.ts'

/** How much a database may use. */
export interface DatabaseOptions {
  /** Folder for data that does not fit in memory. */
  temporaryFolder?: string
  /** Such as `2GB`; DuckDB writes what needs more to disk. */
  memoryLimit?: string
  threads?: number
}

/**
 * What a result column becomes: a typed array or strings. Null is '' as a string, NaN in a `float32`, and 0 in the
 * other arrays.
 */
interface ColumnArrays {
  float32: Float32Array
  int32: Int32Array
  uint8: Uint8Array
  float64: Float64Array
  text: string[]
}
type ColumnKinds = Readonly<Record<string, keyof ColumnArrays>>
type Columns<K extends ColumnKinds> = { [Name in keyof K]: ColumnArrays[K[Name]] }

/** An in-memory database with one connection. */
export interface Database extends Disposable {
  /** A new path in the folder for data that does not fit in memory. */
  temporaryFile(ending: string): Promise<string>
  /** Runs statements without a result. */
  run(sql: string): Promise<void>
  /** The rows of a small result; 64-bit integers come as numbers. */
  rows<Row extends Record<string, unknown>>(sql: string): Promise<Row[]>
  /** Adds rows to a table; a number becomes a 64-bit integer. */
  append(table: string, rows: readonly (readonly (string | number)[])[]): Promise<void>
  /**
   * A result of `count` rows as one array for each column, in the order of the kinds. It is read in chunks, without an
   * object for each row.
   * @throws UserError `mismatched` when it has another number of rows
   */
  columns<K extends ColumnKinds>(sql: string, count: number, kinds: K): Promise<Columns<K>>
}

/** Opens an empty database; dispose of it after use. */
export async function openDatabase({
  temporaryFolder,
  memoryLimit = '2GB',
  threads,
}: DatabaseOptions = {}): Promise<Database> {
  // Loaded on first use: that takes a third of a second, and most commands need no database.
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: memoryLimit,
    ...(threads === undefined ? {} : { threads: String(threads) }),
    ...(temporaryFolder === undefined ? {} : { temp_directory: temporaryFolder }),
    // Nothing is ever fetched from elsewhere.
    autoinstall_known_extensions: 'false',
    // Events of one time stay in the order of the log, so scans must keep the order of rows.
    preserve_insertion_order: 'true',
  })
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'")
  let files = 0
  return {
    temporaryFile: async (ending) => {
      const found = await connection.runAndReadAll("SELECT current_setting('temp_directory')")
      const folder = found.getRowsJS()[0]?.[0] as string
      mkdirSync(folder, { recursive: true })
      return join(folder, `copy-${process.pid}-${++files}${ending}`)
    },
    run: async (sql) => {
      await inOurWords(connection.run(sql))
    },
    rows: async <Row extends Record<string, unknown>>(sql: string) => {
      const reader = await inOurWords(connection.runAndReadAll(sql))
      return reader.getRowObjectsJS().map((row) => Object.fromEntries(Object.entries(row).map(plain)) as Row)
    },
    append: (table, rows) => inOurWords(appendRows(connection, table, rows)),
    columns: (sql, count, kinds) => inOurWords(readColumns(connection, sql, count, kinds)),
    [Symbol.dispose]() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

async function appendRows(
  connection: DuckDBConnection,
  table: string,
  rows: readonly (readonly (string | number)[])[],
): Promise<void> {
  const appender = await connection.createAppender(table)
  try {
    for (const row of rows) {
      for (const value of row) {
        if (typeof value === 'string') appender.appendVarchar(value)
        else appender.appendBigInt(BigInt(value))
      }
      appender.endRow()
    }
    appender.flushSync()
  } finally {
    appender.closeSync()
  }
}

async function readColumns<K extends ColumnKinds>(
  connection: DuckDBConnection,
  sql: string,
  count: number,
  kinds: K,
): Promise<Columns<K>> {
  const makers = {
    float32: Float32Array,
    int32: Int32Array,
    uint8: Uint8Array,
    float64: Float64Array,
    text: Array<string>,
  } as const
  const names = Object.keys(kinds)
  const arrays = names.map((name) => new makers[kinds[name] as keyof ColumnArrays](count))
  const emptyOf: { [Kind in keyof ColumnArrays]?: string | number } = { text: '', float32: Number.NaN }
  const empty = names.map((name) => emptyOf[kinds[name] as keyof ColumnArrays] ?? 0)
  const result = await connection.stream(sql)
  let at = 0
  for (;;) {
    const chunk = await result.fetchChunk()
    // Read once: each reading asks the library.
    const rows = chunk?.rowCount ?? 0
    if (!chunk || rows === 0) break
    if (at + rows > count) throw otherCount(`more than ${count} rows`)
    for (const [index, array] of arrays.entries()) {
      const vector = chunk.getColumnVector(index)
      for (let row = 0; row < rows; row++) array[at + row] = (vector.getItem(row) ?? empty[index]) as never
    }
    at += rows
  }
  if (at < count) throw otherCount(`${at} rows of ${count}`)
  return Object.fromEntries(names.map((name, index) => [name, arrays[index]])) as Columns<K>
}

const otherCount = (value: string): UserError => new UserError({ where: 'the result', problem: 'mismatched', value })

/** A text as an SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** Texts as an SQL list literal. */
export function literals(texts: readonly string[]): string {
  return `[${texts.map(literal).join(', ')}]`
}

/** Paths as an SQL list literal of files, whatever letters their names have: DuckDB would take `[1]` for a pattern. */
export function pathLiterals(paths: readonly string[]): string {
  return literals(paths.map((path) => resolve(path).replace(/[[*?]/g, '[$&]')))
}

/**
 * What DuckDB says is wrong with data that it reads, in a line; undefined for another error, such as one of our SQL.
 */
export function dataProblem(error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof UserError || !/^[\w ]+ Error: /.test(message)) return undefined
  if (/^(Binder|Parser|Syntax|Catalog|Dependency|Permission|Interrupt) Error/.test(message)) return undefined
  const [line = ''] = message.split('\n', 1)
  return line.replace(/^[\w ]+ Error: /, '').replace(/\.$/, '')
}

/** A column or table name as an SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function plain([name, value]: [string, unknown]): [string, unknown] {
  return [name, typeof value === 'bigint' ? Number(value) : value]
}

/**
 * Turns what a user can mend (too little memory or disk) into a UserError; other errors stay bugs, unless whoever reads
 * a user's file asks {@link dataProblem}.
 */
async function inOurWords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw userErrorOf(error instanceof Error ? error.message : String(error)) ?? error
  }
}

function userErrorOf(message: string): UserError | undefined {
  const firstLine = message.split('\n', 1)[0] as string
  if (/Out of Memory/i.test(firstLine)) {
    return new UserError({
      where: 'memory',
      problem: 'invalid',
      value: firstLine,
      hint: 'allow more memory with --memory-limit',
    })
  }
  if (/No space left/i.test(message))
    return new UserError({ where: 'disk', problem: 'invalid', value: 'no space left on the device' })
  return undefined
}
