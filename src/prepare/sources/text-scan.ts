/**
 * @file Walks over the bytes of a CSV or JSON lines file, refuses what a reader could misread, and counts the records.
 * The loops keep their state in local variables and look up most bytes in a table, so that they take a fraction of the
 * time that reading takes.
 */
import { UserError } from '../../errors.ts'
import type { Encoding } from './opened-files.ts'

/** How the bytes of a text file are to be understood. */
export type TextLayout = { readonly kind: 'json' } | CellLayout

/** Lines of cells between delimiters; `cells` is how many each line has. */
export interface CellLayout {
  readonly kind: 'cells'
  /** By default UTF-8. */
  readonly encoding?: Encoding
  readonly delimiter: string
  readonly quoted: boolean
  readonly cells: number
  /** Where the columns have their names. */
  readonly namedIn: string
}

/** What a walk found. */
export interface TextFacts {
  /** The records, a header among them. */
  readonly records: number
  /** Some line ends are CRLF and others LF, or some are a lone CR. */
  readonly uneven: boolean
  /** A quoted cell has a line break in it. */
  readonly multiline: boolean
  /** The row of the wanted record; 0 if there is no such record. */
  readonly wantedRow: number
}

/** A walk that is given a file's bytes in pieces. */
export interface TextWalk {
  /** @throws UserError for what could be misread, naming the row */
  feed(chunk: Uint8Array): void
  end(): TextFacts
  /** The row that the next byte is in, as an editor counts. */
  row(): number
}

/** The longest record in bytes; DuckDB drops or refuses some that are longer. */
const longestRecord = 2_000_000
/** The most lines of one quoted cell; more come from a quote that nobody closed. */
const mostLinesOfCell = 100
/** The deepest nesting of JSON; a hundred thousand levels overflow the stack of its parser. */
const deepestNesting = 64

const [nul, lineFeed, carriageReturn, space, quote, backslash] = [0, 10, 13, 32, 34, 92]
const [openBrace, closeBrace, openBracket, closeBracket] = [123, 125, 91, 93]

/**
 * Starts a walk over a file.
 * @param name the file in errors
 * @param wanted the number, from 1, of a record whose row is to be found
 */
export function startWalk(name: string, layout: TextLayout, wanted = 0): TextWalk {
  return layout.kind === 'json' ? walkJson(name, wanted) : walkCells(name, layout, wanted)
}

/** The refusal of a row. */
export function refusedRow(
  name: string,
  row: number,
  value: string,
  more: { expected?: string; hint?: string } = {},
): UserError {
  return new UserError({ where: `${name} row ${row}`, problem: 'invalid', value, ...more })
}

function tooLong(name: string, row: number): UserError {
  return refusedRow(name, row, 'more than 2 MB', { expected: 'a shorter record' })
}

function nulByte(name: string, row: number): UserError {
  return refusedRow(name, row, 'a NUL byte', { expected: 'text in UTF-8' })
}

const wholeCells = {
  expected: 'quotes around a whole cell, and two for one within',
  hint: 'set `quoted: false` in the mapping if quotes are text',
}

function marked(bytes: readonly number[]): Uint8Array {
  const table = new Uint8Array(256)
  for (const byte of bytes) table[byte] = 1
  return table
}

/** Where a walk over cells is. */
const [atStart, inPlain, inQuotes, afterQuote] = [0, 1, 2, 3]

function walkCells(name: string, { delimiter, quoted, cells, namedIn }: CellLayout, wanted: number): TextWalk {
  const delimiterByte = delimiter.charCodeAt(0)
  const special = marked([nul, lineFeed, carriageReturn, delimiterByte, ...(quoted ? [quote] : [])])
  const facts = { records: 0, multiline: false, wantedRow: 0 }
  const ends = { lineFeeds: 0, returns: 0, pairs: 0 }
  // The byte before, where the walk is, and the cells of the record so far.
  let [last, place, found] = [-1, atStart, 1]
  let [row, recordRow, openedRow] = [1, 1, 1]
  // Places of bytes in the file: of the chunk, and of the record.
  let [offset, recordStart] = [0, 0]
  // Where the last record ended.
  let lastEnd = 0

  const endRecord = (at: number): void => {
    // Blank lines are skipped, but in a file of one column they are records without a value.
    if (at > recordStart || cells === 1) {
      if (found !== cells) {
        const hint = "set delimiter to ';', or what else parts the columns, in the mapping"
        const expected = `${cells} as in ${namedIn}`
        throw refusedRow(name, recordRow, countOf(found), { expected, ...(cells === 1 && { hint }) })
      }
      if (at - recordStart > longestRecord) throw tooLong(name, recordRow)
      facts.records++
      if (facts.records === wanted) facts.wantedRow = recordRow
      lastEnd = at
    } else if (at - lastEnd > longestRecord) throw refusedRow(name, row, 'the last of 2 MB of blank lines')
    found = 1
    place = atStart
  }
  const endLine = (byte: number, at: number): void => {
    if (byte === lineFeed && last === carriageReturn) ends.pairs++
    else {
      endRecord(at)
      row++
      if (byte === lineFeed) ends.lineFeeds++
      else ends.returns++
    }
    recordRow = row
    recordStart = at + 1
  }
  const open = (): void => {
    if (place === inPlain) throw refusedRow(name, row, 'a quote in the middle of a cell', wholeCells)
    place = inQuotes
    openedRow = row
  }
  const withinQuotes = (byte: number): void => {
    if (byte === nul) throw nulByte(name, row)
    if (byte === lineFeed ? last !== carriageReturn : byte === carriageReturn) row++
    facts.multiline = true
    if (row - openedRow >= mostLinesOfCell)
      throw refusedRow(name, openedRow, `a quoted cell of more than ${mostLinesOfCell} lines`, wholeCells)
  }

  return {
    row: () => row,
    feed(chunk) {
      const { length } = chunk
      for (let at = 0; at < length; at++) {
        let byte = chunk[at] as number
        if (special[byte] === 0) {
          if (place === afterQuote) throw refusedRow(name, row, 'text after a closing quote', wholeCells)
          if (place === atStart) place = inPlain
          do at++
          while (at < length && special[chunk[at] as number] === 0)
          if (at === length) break
          byte = chunk[at] as number
        }
        if (byte === delimiterByte) {
          if (place === inQuotes) continue
          found++
          place = atStart
        } else if (byte === quote) {
          if (place === inQuotes) place = afterQuote
          else if (place === afterQuote) place = inQuotes
          else open()
        } else {
          if (at > 0) last = chunk[at - 1] as number
          if (place === inQuotes) withinQuotes(byte)
          else if (byte === nul) throw nulByte(name, row)
          else endLine(byte, offset + at)
        }
      }
      last = chunk[length - 1] ?? last
      offset += length
      if (offset - recordStart > longestRecord) throw tooLong(name, recordRow)
    },
    end() {
      if (place === inQuotes) throw refusedRow(name, openedRow, 'a quote that is never closed', wholeCells)
      if (offset > recordStart) endRecord(offset)
      const { lineFeeds, returns, pairs } = ends
      return { ...facts, uneven: returns > pairs || (pairs > 0 && lineFeeds > 0) }
    },
  }
}

function countOf(cells: number): string {
  return cells === 1 ? '1 cell' : `${cells} cells`
}

function walkJson(name: string, wanted: number): TextWalk {
  const special = marked([nul, lineFeed, quote, backslash, openBrace, closeBrace, openBracket, closeBracket])
  const facts = { records: 0, uneven: false, multiline: false, wantedRow: 0 }
  const oneObject = { expected: 'one JSON object a line' }
  const lines = { ...oneObject, hint: "make lines of it, such as with jq -c '.[]' FILE > FILE.jsonl" }
  let [depth, row, offset, lineStart] = [0, 1, 0, 0]
  // Whether the line has its object, whether the walk is in a text, and whether the next byte of it is escaped.
  let [closed, inText, escaped] = [false, false, false]

  const endLine = (at: number): void => {
    if (depth > 0 || inText) throw refusedRow(name, row, 'an object that does not end in its line', oneObject)
    if (at - lineStart > longestRecord) throw tooLong(name, row)
    if (closed) facts.records++
    if (closed && facts.records === wanted) facts.wantedRow = row
    closed = false
    lineStart = at + 1
  }
  const outside = (byte: number): void => {
    if (closed) throw refusedRow(name, row, 'more than one object', oneObject)
    if (byte === openBracket) throw refusedRow(name, row, 'a list', lines)
    if (byte !== openBrace) throw refusedRow(name, row, 'no object', oneObject)
    depth = 1
  }
  const inside = (byte: number): void => {
    if (byte === quote) inText = true
    else if (byte === openBrace || byte === openBracket) {
      depth++
      if (depth > deepestNesting)
        throw refusedRow(name, row, `more than ${deepestNesting} levels of nesting`, { expected: 'fewer' })
    } else if (byte === closeBrace || byte === closeBracket) {
      depth--
      closed = depth === 0
    }
  }

  return {
    row: () => row,
    feed(chunk) {
      const { length } = chunk
      for (let at = 0; at < length; at++) {
        if (escaped) {
          escaped = false
          if ((chunk[at] as number) > lineFeed) at++
        }
        if (depth > 0) while (at < length && special[chunk[at] as number] === 0) at++
        if (at >= length) break
        const byte = chunk[at] as number
        if (byte === lineFeed) {
          endLine(offset + at)
          row++
        } else if (byte === nul) throw nulByte(name, row)
        else if (inText) {
          if (byte === quote) inText = false
          else if (byte === backslash) escaped = true
        } else if (depth > 0) inside(byte)
        else if (byte > space) outside(byte)
      }
      offset += length
      if (offset - lineStart > longestRecord) throw tooLong(name, row)
    },
    end() {
      endLine(offset)
      return facts
    },
  }
}
