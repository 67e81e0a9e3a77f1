/** @file Opens Parquet files: refuses those that are cut or no Parquet, and reads columns of any type as text. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { UserError } from '../../errors.ts'
import { type Database, dataProblem, identifier, literal, pathLiterals } from '../../storage/duckdb.ts'
import { fileColumnName, fileNumber, type LogFiles, nameFiles } from './opened-files.ts'
import { needFile } from './text-file.ts'

/** Types that are the same text whoever writes them. */
const idTypes =
  /^(VARCHAR|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT|TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UUID|ENUM\b.*|DECIMAL\(\d+,\s*0\))$/

/**
 * Opens files of the same columns.
 * @throws UserError `corrupted`, or `mismatched` for files with other columns than the first
 */
export async function openParquet(db: Database, files: readonly string[]): Promise<LogFiles> {
  let [first, types]: [string, [string, string][]] = ['', []]
  for (const file of files) {
    needFile(file)
    refuseCut(file)
    const here = await typesOf(db, file)
    if (first === '') [first, types] = [basename(file), here]
    else refuseOther({ file: basename(file), here }, { file: first, types })
  }
  const typeOf = new Map(types)
  const column = fileColumnName(typeOf.keys())
  return {
    format: 'parquet',
    files,
    columns: new Map(types.map(([name, type]) => [name, asText(name, type)])),
    scan: `read_parquet(${pathLiterals(files)}, hive_partitioning = false, filename = ${literal(column)})`,
    fileNumber: fileNumber(files, column),
    readId(name) {
      const type = typeOf.get(name) ?? ''
      if (idTypes.test(type)) return `CAST(${identifier(name)} AS VARCHAR)`
      throw new UserError({
        where: `${first}, column "${name}"`,
        problem: 'unsupported',
        value: `ids of type ${type}`,
        expected: 'text or whole numbers',
        hint: 'write them as text',
      })
    },
    rowOf: (_, record) => Promise.resolve(record + 1),
  }
}

/** @throws UserError `corrupted` for a file without Parquet's letters at both ends */
function refuseCut(path: string): void {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const ends = [0, size - 4].map((position) => {
      const bytes = Buffer.alloc(4)
      if (size >= 12) readSync(file, bytes, 0, 4, position)
      return bytes.toString('latin1')
    })
    if (ends.every((letters) => letters === 'PAR1')) return
    const value = ends[0] === 'PAR1' ? 'the end is missing' : 'no Parquet data'
    throw new UserError({ where: basename(path), problem: 'corrupted', value, expected: 'a whole Parquet file' })
  } finally {
    closeSync(file)
  }
}

/**
 * The columns of a file and their types.
 * @throws UserError `corrupted`, or `duplicate` for two columns of one name
 */
async function typesOf(db: Database, file: string): Promise<[string, string][]> {
  const scan = `read_parquet(${pathLiterals([file])}, hive_partitioning = false)`
  const read = async <Row extends Record<string, unknown>>(sql: string): Promise<Row[]> =>
    db.rows<Row>(sql).catch((error: unknown) => {
      throw corrupted([file], error)
    })
  const found = await read<{ column_name: string; column_type: string }>(`DESCRIBE SELECT * FROM ${scan}`)
  const names = await read<{ name: string }>(`SELECT name FROM parquet_schema(${pathLiterals([file])})`)
  const written = new Set(names.map(({ name }) => name))
  // DuckDB gives the second column of a name another one.
  const renamed = found.find(({ column_name }) => !written.has(column_name))
  if (renamed) {
    const value = `column "${renamed.column_name.replace(/_\d+$/, '')}"`
    const hint = 'rename one of the two; letter case does not matter'
    throw new UserError({ where: basename(file), problem: 'duplicate', value, hint })
  }
  return found.map(({ column_name, column_type }) => [column_name, column_type])
}

/** A refusal of files in which DuckDB met an error; one that is no fault of the files stays as it is. */
export function corrupted(files: readonly string[], error: unknown): unknown {
  const value = dataProblem(error)
  if (value === undefined) return error
  const culprit = files.find((file) => value.includes(resolve(file)))
  const where = culprit === undefined ? nameFiles(files) : basename(culprit)
  const reason = value.replace(/^Failed to read file "[^"]*": /, '').replace(/ file:? ["'/][^"',]*["']?/, ' file')
  const shown = reason.replaceAll(/\p{Cc}/gu, '?')
  return new UserError({ where, problem: 'corrupted', value: shown, expected: 'a whole Parquet file' })
}

/** The files of which DuckDB cannot read every value; all if it does not tell. */
export async function brokenFiles(db: Database, files: readonly string[]): Promise<readonly string[]> {
  if (files.length === 1) return files
  const broken: string[] = []
  for (const file of files) {
    const scan = `read_parquet(${pathLiterals([file])}, hive_partitioning = false)`
    await db.rows(`SELECT bit_xor(hash(t)) FROM ${scan} t`).catch(() => broken.push(file))
  }
  return broken.length > 0 ? broken : files
}

interface Described {
  readonly file: string
  readonly here: readonly [string, string][]
}

function refuseOther({ file, here }: Described, first: { file: string; types: readonly [string, string][] }): void {
  const lines = (types: readonly [string, string][]): string[] => types.map(([name, type]) => `${name} ${type}`)
  const [mine, theirs] = [new Set(lines(here)), new Set(lines(first.types))]
  const other = [...mine].find((line) => !theirs.has(line)) ?? [...theirs].find((line) => !mine.has(line))
  if (other === undefined) return
  const value = mine.has(other) ? `column ${other}` : `no column ${other}`
  const expected = `the columns and types of ${first.file}`
  throw new UserError({ where: file, problem: 'mismatched', value, expected })
}

function asText(name: string, type: string): string {
  const column = identifier(name)
  if (type.endsWith('[][]')) return `array_to_string(flatten(${column}), ' | ')`
  if (type.endsWith('[]')) return `array_to_string(${column}, ' | ')`
  // Text whose writer did not mark it as text.
  if (type === 'BLOB') return `coalesce(try(decode(${column})), CAST(${column} AS VARCHAR))`
  return `CAST(${column} AS VARCHAR)`
}
