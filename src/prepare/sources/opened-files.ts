/** @file Files of a log or a table that have been opened: their columns, and how to read and place their records. */
import { basename } from 'node:path'
import { literals } from '../../storage/duckdb.ts'

/** How the letters of a text file are written; see the mapping. */
export type Encoding = 'utf-8' | 'latin-1' | 'utf-16'

/** The layout of files; see the mapping. */
export interface FileFormat {
  readonly format?: 'csv' | 'tsv' | 'jsonl' | 'parquet' | undefined
  readonly delimiter?: string | undefined
  readonly quoted?: boolean | undefined
  readonly encoding?: Encoding | undefined
  readonly columns?: readonly string[] | undefined
}

/** Files of one layout, ready to be scanned. */
export interface LogFiles {
  readonly format: 'csv' | 'tsv' | 'jsonl' | 'parquet'
  readonly files: readonly string[]
  /** The columns by their names in the file, each with an SQL expression that reads it as text. */
  readonly columns: ReadonlyMap<string, string>
  /** An SQL table expression. */
  readonly scan: string
  /** The SQL of the number, from 1, of a record's file; undefined if there is one file. */
  readonly fileNumber?: string | undefined
  /** The character between columns, if there is one. */
  readonly delimiter?: string
  /** How many records a scan finds, where that is known before. */
  readonly records?: number
  /**
   * The SQL that reads a column as ids: text as written. A value that is no id comes with a NUL before it, for
   * `checkIds`.
   * @throws UserError `unsupported` for a type that no id has
   */
  readonly readId: (column: string) => string
  /** The row of a file's record, from 0, as an editor or spreadsheet counts them. */
  readonly rowOf: (file: string, record: number) => Promise<number>
}

/** A name that no column has, for the column of a scan that holds the file. */
export function fileColumnName(columns: Iterable<string>): string {
  const taken = new Set([...columns].map((name) => name.toLowerCase()))
  let name = 'file_of_record'
  while (taken.has(name)) name += '_'
  return name
}

/** The SQL of a file's number among files, from 1. */
export function fileNumber(paths: readonly string[], column: string): string | undefined {
  return paths.length > 1 ? `CAST(list_position(${literals(paths)}, ${column}) AS UINTEGER)` : undefined
}

/** Several files in an error: the first by name. */
export function nameFiles(files: readonly string[]): string {
  const [first = 'the files'] = files.map((file) => basename(file))
  return files.length > 1 ? `${first} and ${files.length - 1} more` : first
}
