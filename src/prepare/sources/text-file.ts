/** @file Reads a text file, gzipped or not, in pieces; checks it before DuckDB does; and evens out its line ends. */
import { isUtf8 } from 'node:buffer'
import { closeSync, createReadStream, openSync, statSync, writeSync } from 'node:fs'
import { basename } from 'node:path'
import { createGunzip } from 'node:zlib'
import { UserError } from '../../errors.ts'
import type { Encoding } from './opened-files.ts'
import { refusedRow, startWalk, type TextFacts, type TextLayout, type TextWalk } from './text-scan.ts'

const piece = 1 << 20
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])

/**
 * The bytes of a file as UTF-8, unpacked if its name ends in .gz.
 * @throws UserError `corrupted` when it cannot be unpacked, `invalid` for what is not in its encoding
 */
function piecesOf(path: string, encoding: Encoding): AsyncGenerator<Buffer, void, undefined> {
  return encoding === 'utf-8' ? rawPieces(path) : decodedPieces(path, encoding)
}

async function* decodedPieces(path: string, encoding: 'latin-1' | 'utf-16'): AsyncGenerator<Buffer, void, undefined> {
  let decoder: InstanceType<typeof TextDecoder> | undefined
  try {
    for await (const chunk of rawPieces(path)) {
      const wide = chunk[0] === 0xfe && chunk[1] === 0xff ? 'utf-16be' : 'utf-16le'
      decoder ??= new TextDecoder(encoding === 'latin-1' ? 'windows-1252' : wide, { fatal: true })
      yield Buffer.from(decoder.decode(chunk, { stream: true }), 'utf8')
    }
    if (decoder) yield Buffer.from(decoder.decode(), 'utf8')
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const value = 'bytes of another encoding'
    throw new UserError({ where: basename(path), problem: 'invalid', value, expected: encoding })
  }
}

async function* rawPieces(path: string): AsyncGenerator<Buffer, void, undefined> {
  const file = createReadStream(path, { highWaterMark: piece })
  const packed = path.endsWith('.gz')
  const bytes = packed ? file.pipe(createGunzip({ chunkSize: piece })) : file
  if (packed) file.on('error', (error) => bytes.destroy(error))
  try {
    for await (const chunk of bytes) yield chunk as Buffer
  } catch (error) {
    throw unreadable(path, error)
  } finally {
    file.destroy()
    bytes.destroy()
  }
}

/** An error of the system or of unpacking in our words; any other error stays as it is. */
function unreadable(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  const where = basename(path)
  if (code?.startsWith('Z_'))
    return new UserError({ where, problem: 'corrupted', value: message, expected: 'a whole gzip file' })
  if (code === 'ENOSPC')
    return new UserError({ where: 'disk', problem: 'invalid', value: 'no space left on the device' })
  return code === undefined
    ? error
    : new UserError({ where, problem: 'invalid', value: `it cannot be read (${code})`, expected: 'a readable file' })
}

/**
 * Refuses what is no file, before it is opened: a pipe that nobody writes to would be waited for forever.
 * @throws UserError `missing`, `unsupported` or `empty`
 */
export function needFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  const where = basename(path)
  if (!found) throw new UserError({ where: path, problem: 'missing', value: 'no such file' })
  if (found.isDirectory()) {
    const hint = `name its files, as in ${basename(path)}/*.csv`
    throw new UserError({ where: path, problem: 'unsupported', value: 'a folder', expected: 'a file', hint })
  }
  if (!found.isFile())
    throw new UserError({ where: path, problem: 'unsupported', value: 'a pipe or device', expected: 'a file' })
  if (found.size === 0 && path.endsWith('.gz'))
    throw new UserError({ where, problem: 'corrupted', value: 'an empty file', expected: 'a whole gzip file' })
}

/**
 * The first line of a text file, without its line end; with `quoted`, line breaks between quotes belong to it.
 * @throws UserError `empty` when there is none, `unsupported` for another encoding
 */
export async function firstLine(
  path: string,
  { quoted = false, encoding = 'utf-8' }: { quoted?: boolean; encoding?: Encoding } = {},
): Promise<string> {
  needFile(path)
  let text = Buffer.alloc(0)
  for await (const chunk of piecesOf(path, encoding)) {
    text = Buffer.concat([text, chunk])
    if (text.length === chunk.length) refuseForeign(path, text)
    if (lineEnd(text, quoted) < text.length || text.length > 2 * piece) break
  }
  const line = text
    .subarray(0, lineEnd(text, quoted))
    .toString('utf8')
    .replace(/^\uFEFF/, '')
  if (line === '') throw new UserError({ where: basename(path), problem: 'empty', value: 'no header line' })
  return line
}

function lineEnd(text: Buffer, quoted: boolean): number {
  let inside = false
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]
    if (byte === 34 && quoted) inside = !inside
    else if ((byte === 10 || byte === 13) && !inside) return at
  }
  return text.length
}

const utf16 = 'set encoding to utf-16 in the mapping if it is CSV or TSV, or save it as UTF-8'
/** What the first bytes tell of files that are no UTF-8 text. */
const foreign = [
  { bytes: [0xff, 0xfe], value: 'UTF-16 text', hint: utf16 },
  { bytes: [0xfe, 0xff], value: 'UTF-16 text', hint: utf16 },
  { bytes: [0x1f, 0x8b], value: 'a gzip file', hint: 'let its name end in .gz' },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], value: 'a Zstandard file', hint: 'unpack it, or pack it with gzip' },
  { bytes: [0x50, 0x4b, 0x03, 0x04], value: 'a ZIP archive or spreadsheet', hint: 'unpack it, or save it as CSV' },
  { bytes: [0x50, 0x41, 0x52, 0x31], value: 'a Parquet file', hint: 'let its name end in .parquet' },
] as const

function refuseForeign(path: string, text: Buffer): void {
  const found = foreign.find(({ bytes }) => bytes.every((byte, at) => text[at] === byte))
  if (!found) return
  const { value, hint } = found
  throw new UserError({ where: basename(path), problem: 'unsupported', value, expected: 'text in UTF-8', hint })
}

/**
 * Walks over a whole file and refuses what a reader could misread.
 * @param wanted the number, from 1, of a record whose row is to be found
 * @throws UserError naming the row
 */
export async function walkFile(path: string, layout: TextLayout, wanted = 0): Promise<TextFacts> {
  needFile(path)
  const name = basename(path)
  const walk = startWalk(name, layout, wanted)
  const check = utf8Check(name, walk, layout.kind)
  let first = true
  const encoding = (layout.kind === 'cells' && layout.encoding) || 'utf-8'
  for await (const chunk of piecesOf(path, encoding)) {
    if (first) refuseForeign(path, chunk)
    check(chunk)
    walk.feed(first && startsWithMark(chunk) ? chunk.subarray(byteOrderMark.length) : chunk)
    first = false
  }
  check(Buffer.alloc(0))
  return walk.end()
}

function startsWithMark(chunk: Buffer): boolean {
  return chunk.subarray(0, byteOrderMark.length).equals(byteOrderMark)
}

/** Whether a file begins with a byte order mark. */
export async function hasMark(path: string): Promise<boolean> {
  for await (const chunk of piecesOf(path, 'utf-8')) return startsWithMark(chunk)
  return false
}

/** Checks pieces of UTF-8; a letter may be cut at the end of a piece, but not at the end of the file. */
function utf8Check(name: string, walk: TextWalk, kind: TextLayout['kind']): (chunk: Buffer) => void {
  const hint =
    kind === 'cells' ? { hint: 'if it is Latin-1 or Windows-1252, set encoding to latin-1 in the mapping' } : {}
  let cut = Buffer.alloc(0)
  return (chunk) => {
    const text = cut.length > 0 ? Buffer.concat([cut, chunk]) : chunk
    const whole = chunk.length === 0 ? text.length : wholeLetters(text)
    if (!isUtf8(text.subarray(0, whole))) {
      const row = walk.row() + linesBeforeBad(text)
      throw refusedRow(name, row, 'bytes that are no UTF-8', { expected: 'text in UTF-8', ...hint })
    }
    cut = Buffer.from(text.subarray(whole))
  }
}

/** The length of text without a letter that is cut at its end. */
function wholeLetters(text: Buffer): number {
  for (let back = 1; back <= 3 && back <= text.length; back++) {
    const byte = text[text.length - back] as number
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return back < needed ? text.length - back : text.length
    }
    if (byte < 0x80) break
  }
  return text.length
}

function linesBeforeBad(text: Buffer): number {
  let lines = 0
  for (let start = 0; ; lines++) {
    const end = text.indexOf(10, start)
    if (end === -1 || !isUtf8(text.subarray(start, end))) return lines
    start = end + 1
  }
}

/**
 * Writes a file again, unpacked, in UTF-8 and without a byte order mark.
 * @param how where line ends become LF, and how its letters are written; the file has passed {@link walkFile}
 */
export async function writeEven(
  path: string,
  target: string,
  { even, encoding }: { even: 'everywhere' | 'outside quotes' | 'as they are'; encoding: Encoding },
): Promise<void> {
  const file = openSync(target, 'w')
  try {
    let [inside, last, first] = [even === 'as they are', -1, true]
    for await (const whole of piecesOf(path, encoding)) {
      const chunk = first && startsWithMark(whole) ? whole.subarray(byteOrderMark.length) : whole
      first = false
      const written = Buffer.allocUnsafe(chunk.length)
      let length = 0
      for (const byte of chunk) {
        if (byte === 34 && even === 'outside quotes') inside = !inside
        if (inside || (byte !== 13 && (byte !== 10 || last !== 13))) written[length++] = byte
        else if (byte === 13) written[length++] = 10
        last = byte
      }
      writeAll(file, written.subarray(0, length))
    }
  } catch (error) {
    throw unreadable(path, error)
  } finally {
    closeSync(file)
  }
}

function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
}
