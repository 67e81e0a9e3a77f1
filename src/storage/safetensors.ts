/**
 * @file The safetensors format: a JSON header and raw little-endian arrays; it cannot contain code. Files of ours hold
 * their own SHA-256.
 */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import * as z from 'zod'
import { UserError } from '../errors.ts'

/** The arrays we store. */
export type StoredArray = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array
/** An array with its shape. */
export interface StoredTensor {
  readonly shape: readonly number[]
  readonly data: StoredArray
}

const kinds = { F32: Float32Array, F64: Float64Array, I32: Int32Array, I64: BigInt64Array, U8: Uint8Array } as const
type Kind = keyof typeof kinds

const count = z.int().min(0)
const entrySchema = z.object({ dtype: z.string(), shape: z.array(count), data_offsets: z.tuple([count, count]) })
const metadataSchema = z.record(z.string(), z.string())
type Entry = z.infer<typeof entrySchema>
/** A header's entries without the metadata. */
interface Header {
  readonly entries: Readonly<Record<string, Entry>>
  readonly metadata: Record<string, string>
}

/** Where the metadata holds the SHA-256 of the file, which is that of the file with zeros in its place. */
const hashKey = 'sha256'
const noHash = '0'.repeat(64)
/** Files with a format of this beginning are ours and must hold their hash. */
const ours = 'siftrec-'
/** The longest header, and the most arrays: far more than any model has, far less than what fills the memory. */
const limits = { headerBytes: 64_000_000, arrays: 65_536 } as const

/**
 * The bytes of a safetensors file: tensors in the given order, widest elements aligned to 8 bytes, and their SHA-256.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, Entry | Readonly<Record<string, string>>> = {
    __metadata__: { ...metadata, [hashKey]: noHash },
  }
  // The widest elements come first, so every array starts at a multiple of its element size, and readers need not copy
  // it.
  const names = Object.keys(tensors).sort((a, b) => width(tensors[b]) - width(tensors[a]))
  let offset = 0
  for (const name of names) {
    const { shape, data } = tensors[name] as StoredTensor
    header[name] = { dtype: kindOf(data), shape: [...shape], data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const headerLength = Math.ceil(text.length / 8) * 8
  const bytes = new Uint8Array(8 + headerLength + offset).fill(0x20, 8, 8 + headerLength)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true)
  bytes.set(text, 8)
  for (const name of names) {
    const { data } = tensors[name] as StoredTensor
    const [begin] = (header[name] as Entry).data_offsets
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 8 + headerLength + begin)
  }
  const head = Buffer.from(bytes.buffer, 0, 8 + headerLength)
  const digits = digitsIn(head, noHash)
  head.write(hashOf([head, bytes.subarray(head.length)]), digits, 'latin1')
  return bytes
}

/** Where the digits of a hash begin; names are escaped in JSON, so no name can look like it. */
const digitsIn = (head: Buffer, hash: string): number => {
  const key = `"${hashKey}":"`
  return head.lastIndexOf(`${key}${hash}"`, undefined, 'latin1') + key.length
}

/** The SHA-256 of parts one after another, in hexadecimal. */
function hashOf(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  // One call takes at most 2 GB.
  for (const part of parts)
    for (let at = 0; at < part.length; at += 1 << 30) hash.update(part.subarray(at, at + (1 << 30)))
  return hash.digest('hex')
}

/**
 * Reads a safetensors file.
 * @param checked whether the caller has compared the whole file with a hash already
 * @throws UserError `corrupted` when the file is not safetensors, is cut short, holds a type we do not store, or
 * differs from its own SHA-256
 */
export function readSafetensors(
  path: string,
  { checked = false }: { readonly checked?: boolean } = {},
): {
  tensors: Record<string, StoredTensor>
  metadata: Record<string, string>
} {
  const size = statSync(path).size
  const corrupted = (value: string): UserError =>
    new UserError({
      where: path,
      problem: 'corrupted',
      value,
      expected: 'a safetensors file',
      hint: 'restore it from a copy, or make it again',
    })
  const file = openSync(path, 'r')
  try {
    const prefix = Buffer.alloc(8)
    if (readSync(file, prefix, 0, 8, 0) < 8) throw corrupted(`${size} bytes`)
    const headerLength = Number(prefix.readBigUInt64LE())
    if (headerLength > size - 8 || headerLength > limits.headerBytes)
      throw corrupted(`a header of ${headerLength} bytes in a file of ${size}`)
    const text = Buffer.alloc(headerLength)
    readSync(file, text, 0, headerLength, 8)
    const { entries, metadata } = parseHeader(text.toString('utf8'), corrupted)
    const body = new Uint8Array(size - 8 - headerLength)
    for (let at = 0; at < body.length; ) {
      const read = readSync(file, body, at, Math.min(body.length - at, 1 << 30), 8 + headerLength + at)
      if (read === 0) throw corrupted('it ends early')
      at += read
    }
    const { [hashKey]: hash, ...notes } = metadata
    if (!checked && (hash !== undefined || notes['format']?.startsWith(ours))) {
      const head = Buffer.concat([prefix, text])
      const digits = hash?.length === noHash.length ? digitsIn(head, hash) : 0
      head.write(noHash, digits, 'latin1')
      if (hashOf([head, body]) !== hash) throw corrupted('it is not as it was written: its SHA-256 is another')
    }
    const tensors: Record<string, StoredTensor> = {}
    for (const [name, entry] of Object.entries(entries)) tensors[name] = view(name, entry, body, corrupted)
    checkCover(entries, body.length, corrupted)
    return { tensors, metadata: notes }
  } finally {
    closeSync(file)
  }
}

function parseHeader(text: string, corrupted: (value: string) => UserError): Header {
  try {
    const parsed: unknown = JSON.parse(text)
    if (Object.keys(parsed as object).length > limits.arrays) throw corrupted(`more than ${limits.arrays} arrays`)
    const { __metadata__: metadata = {}, ...entries } = z.record(z.string(), z.unknown()).parse(parsed)
    return { entries: z.record(z.string(), entrySchema).parse(entries), metadata: metadataSchema.parse(metadata) }
  } catch (error) {
    if (error instanceof UserError) throw error
    throw corrupted('an unreadable header')
  }
}

/** The arrays must lie one after another, from the first byte to the last: nothing twice, nothing beside them. */
function checkCover(
  entries: Readonly<Record<string, Entry>>,
  size: number,
  corrupted: (value: string) => UserError,
): void {
  let end = 0
  const inOrder = Object.entries(entries).sort(
    ([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1],
  )
  for (const [name, { data_offsets: at }] of inOrder) {
    if (at[0] !== end) throw corrupted(`"${name}" ${at[0] < end ? 'overlaps another array' : 'lies behind a gap'}`)
    end = at[1]
  }
  if (end !== size) throw corrupted(`${size - end} bytes behind the last array`)
}

function view(name: string, entry: Entry, body: Uint8Array, corrupted: (value: string) => UserError): StoredTensor {
  const array = kinds[entry.dtype as Kind]
  if (!array) throw corrupted(`"${name}" of type ${entry.dtype}`)
  const [begin, end] = entry.data_offsets
  const length = entry.shape.reduce((product, size) => product * size, 1)
  if (begin > end || end > body.length || end - begin !== length * array.BYTES_PER_ELEMENT)
    throw corrupted(`"${name}" runs past the end`)
  const aligned = (body.byteOffset + begin) % array.BYTES_PER_ELEMENT === 0
  const bytes = aligned ? body : body.slice(begin, end)
  return {
    shape: entry.shape,
    data: new array(bytes.buffer as ArrayBuffer, aligned ? body.byteOffset + begin : 0, length),
  }
}

function width(tensor: StoredTensor | undefined): number {
  return tensor?.data.BYTES_PER_ELEMENT ?? 0
}

function kindOf(data: StoredArray): Kind {
  if (data instanceof Float32Array) return 'F32'
  if (data instanceof Float64Array) return 'F64'
  if (data instanceof BigInt64Array) return 'I64'
  return data instanceof Int32Array ? 'I32' : 'U8'
}
