/** @file Opens CSV and TSV files: checks their bytes and their headers, and makes the SQL that scans them. */
import { basename } from 'node:path'
import { UserError } from '../../errors.ts'
import { type Database, identifier, literal, pathLiterals } from '../../storage/duckdb.ts'
import { type FileFormat, fileColumnName, fileNumber, type LogFiles } from './opened-files.ts'
import { firstLine, walkFile, writeEven } from './text-file.ts'
import type { CellLayout } from './text-scan.ts'

/** The most columns of a file; more is another delimiter, or a table on its side. */
const mostColumns = 10_000

/**
 * Opens files of one header.
 * @throws UserError naming the row that could be misread, `duplicate` for two columns of one name, `mismatched` for two
 * headers
 */
export async function openCells(db: Database, files: readonly string[], layout: FileFormat): Promise<LogFiles> {
  const csv = layout.format === 'csv'
  const delimiter = layout.delimiter ?? (csv ? ',' : '\t')
  const quoted = layout.quoted ?? csv
  const { encoding = 'utf-8' } = layout
  const names = await namesOf(files, layout.columns, { delimiter, quoted, encoding })
  const header = layout.columns === undefined
  const namedIn = header ? 'the header' : '`columns` of the mapping'
  const cells: CellLayout = { kind: 'cells', encoding, delimiter, quoted, cells: names.length, namedIn }
  const found: { path: string; records: number; multiline: boolean }[] = []
  for (const file of files) {
    const { records, uneven, multiline } = await walkFile(file, cells)
    found.push({
      path: uneven || encoding !== 'utf-8' ? await evenCopy(db, file, { quoted, encoding }) : file,
      records,
      multiline,
    })
  }
  const paths = found.map(({ path }) => path)
  const column = fileColumnName(names)
  const types = names.map((name) => `${identifier(name)}: 'VARCHAR'`).join(', ')
  const quote = literal(quoted ? '"' : '')
  const options = [
    `auto_detect = false, columns = {${types}}, header = ${header}`,
    `delim = ${literal(delimiter)}, quote = ${quote}, escape = ${quote}, max_line_size = 2100000`,
    // Otherwise a folder called user=5 would be read as a column.
    `hive_partitioning = false, filename = ${literal(column)}`,
    // Threads that start in the middle of a file take line breaks within cells for ends of rows.
    `parallel = ${!found.some(({ multiline }) => multiline)}`,
  ]
  return {
    format: csv ? 'csv' : 'tsv',
    files,
    columns: new Map(names.map((name) => [name, identifier(name)])),
    scan: `read_csv(${pathLiterals(paths)}, ${options.join(', ')})`,
    fileNumber: fileNumber(paths, column),
    delimiter,
    records: found.reduce((total, { records }) => total + records - (header ? 1 : 0), 0),
    readId: identifier,
    rowOf: async (file, record) => (await walkFile(file, cells, record + (header ? 2 : 1))).wantedRow,
  }
}

/** The column names of all files. */
async function namesOf(
  files: readonly string[],
  columns: readonly string[] | undefined,
  { delimiter, quoted, encoding = 'utf-8' }: Pick<CellLayout, 'delimiter' | 'quoted' | 'encoding'>,
): Promise<string[]> {
  if (columns) return headerNames('columns', columns)
  let [first, names]: [string, string[]] = ['', []]
  for (const file of files) {
    const line = await firstLine(file, { quoted, encoding })
    if (/^"?sep=.?"?$/.test(line))
      throw new UserError({
        where: `${basename(file)} row 1`,
        problem: 'unsupported',
        value: line,
        expected: 'the header',
        hint: 'remove the line, and set the delimiter in the mapping',
      })
    const here = headerNames(basename(file), quoted ? quotedCells(line, delimiter) : line.split(delimiter))
    if (first === '') [first, names] = [basename(file), here]
    else if (here.join('\n') !== names.join('\n'))
      throw new UserError({
        where: basename(file),
        problem: 'mismatched',
        value: `the columns ${here.join(', ')}`,
        expected: `those of ${first}: ${names.join(', ')}`,
      })
  }
  return names
}

/** Column names from the cells of a header; a column without a name is named by its position. */
function headerNames(where: string, cells: readonly string[]): string[] {
  if (cells.length > mostColumns) {
    const expected = `at most ${mostColumns}`
    throw new UserError({ where, problem: 'unsupported', value: `${cells.length} columns`, expected })
  }
  const taken = new Set<string>()
  for (const cell of cells.map(onOneLine).filter((text) => text !== '')) {
    if (taken.has(cell.toLowerCase())) {
      const hint = 'rename one of the two; letter case does not matter'
      throw new UserError({ where, problem: 'duplicate', value: `column "${cell}"`, hint })
    }
    taken.add(cell.toLowerCase())
  }
  return cells.map((cell, index) => {
    let name = onOneLine(cell)
    if (name !== '') return name
    for (name = `column${index + 1}`; taken.has(name); ) name += '_'
    return name
  })
}

function onOneLine(cell: string): string {
  return cell.replaceAll(/[\r\n]+/g, ' ').trim()
}

function quotedCells(line: string, delimiter: string): string[] {
  const cells = ['']
  let inside = false
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at)
    if (character === '"') {
      // The second of two quotes within a quoted cell is a quote.
      if (!inside && line[at - 1] === '"') cells[cells.length - 1] += '"'
      inside = !inside
    } else if (character === delimiter && !inside) cells.push('')
    else cells[cells.length - 1] += character
  }
  return cells
}

/** A copy of a file with one kind of line ends, in UTF-8. */
async function evenCopy(
  db: Database,
  file: string,
  { quoted, encoding = 'utf-8' }: Pick<CellLayout, 'quoted' | 'encoding'>,
): Promise<string> {
  const copy = await db.temporaryFile('.csv')
  await writeEven(file, copy, { even: quoted ? 'outside quotes' : 'everywhere', encoding })
  return copy
}
