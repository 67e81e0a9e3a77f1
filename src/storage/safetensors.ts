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

/** Their kinds, by the names that files have for them. */
export const kinds = {
  F32: Float32Array,
  F64: Float64Array,
  I32: Int32Array,
  I64: BigInt64Array,
  U8: Uint8Array,
} as const
/** Their names in files. */
export type Kind = keyof typeof kinds

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
export const noHash = '0'.repeat(64)
/** Files with a format of this beginning are ours and must hold their hash. */
const ours = 'siftrec-'
/** The longest header, and the most arrays: far more than any model has, far less than what fills the memory. */
const limits = { headerBytes: 64_000_000, arrays: 65_536 } as const

/** What a file begins with, and which tensor comes after which. */
export interface Head {
  /** With zeros in the place of the hash. */
  readonly head: Buffer
  readonly names: readonly string[]
  /** Bytes of all tensors. */
  readonly size: number
}

/** The head of a file of tensors in the given order, widest elements aligned to 8 bytes. */
export function headOf(
  tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly kind: Kind }>>,
  metadata: Readonly<Record<string, string>>,
): Head {
  const header: Record<string, Entry | Readonly<Record<string, string>>> = {
    __metadata__: { ...metadata, [hashKey]: noHash },
  }
  const width = (name: string): number => kinds[(tensors[name] as { kind: Kind }).kind].BYTES_PER_ELEMENT
  // The widest elements come first, so every array starts at a multiple of its element size, and readers need not copy
  // it.
  const names = Object.keys(tensors).sort((a, b) => width(b) - width(a))
  let offset = 0
  for (const name of names) {
    const { shape, kind } = tensors[name] as { shape: readonly number[]; kind: Kind }
    const end = offset + shape.reduce((product, size) => product * size, width(name))
    header[name] = { dtype: kind, shape: [...shape], data_offsets: [offset, end] }
    offset = end
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const head = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, 0x20)
  head.writeBigUInt64LE(BigInt(head.length - 8))
  head.set(text, 8)
  return { head, names, size: offset }
}

/** The bytes of an array. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: StoredArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/**
 * The bytes of a safetensors file: tensors in the given order, widest elements aligned to 8 bytes, and their SHA-256.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const kindsOf = Object.entries(tensors).map(
    ([name, { shape, data }]) => [name, { shape, kind: kindOf(data) }] as const,
  )
  const { head, names, size } = headOf(Object.fromEntries(kindsOf), metadata)
  const bytes = new Uint8Array(head.length + size)
  bytes.set(head)
  let at = head.length
  for (const name of names) {
    const array = bytesOf((tensors[name] as StoredTensor).data)
    bytes.set(array, at)
    at += array.length
  }
  const digits = digitsIn(head, noHash)
  bytes.set(Buffer.from(hashOf([bytes]), 'latin1'), digits)
  return bytes
}

/** Where the digits of a hash begin; names are escaped in JSON, so no name can look like it. */
export const digitsIn = (head: Buffer, hash: string): number => {
  const key = `"${hashKey}":"`
  return head.lastIndexOf(`${key}${hash}"`, undefined, 'latin1') + key.length
}

/** The SHA-256 of parts one after another, in hexadecimal. */
function hashOf(parts: Iterable<Uint8Array>): string {
  const hash = createHash('sha256')
  // One call takes at most 2 GB.
  for (const part of parts)
    for (let at = 0; at < part.length; at += 1 << 30) hash.update(part.subarray(at, at + (1 << 30)))
  return hash.digest('hex')
}

function* chained(first: Uint8Array, others: Iterable<Uint8Array>): Iterable<Uint8Array> {
  yield first
  yield* others
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
  const file = openSync(path, 'r')
  try {
    const { entries, notes, head, size, corrupted, checkHash } = readHead(path, file)
    const body = new Uint8Array(size)
    for (let at = 0; at < body.length; ) {
      const read = readSync(file, body, at, Math.min(body.length - at, 1 << 30), head.length + at)
      if (read === 0) throw corrupted('it ends early')
      at += read
    }
    if (!checked) checkHash([body])
    const tensors: Record<string, StoredTensor> = {}
    for (const [name, entry] of Object.entries(entries)) tensors[name] = view(name, entry, body, corrupted)
    checkCover(entries, size, corrupted)
    return { tensors, metadata: notes }
  } finally {
    closeSync(file)
  }
}

/** What a file says of itself before its arrays. */
export interface ReadHead extends Pick<Header, 'entries'> {
  /** The metadata less the hash. */
  readonly notes: Record<string, string>
  /** With zeros in the place of the hash. */
  readonly head: Buffer
  /** Bytes of all arrays. */
  readonly size: number
  readonly corrupted: (value: string) => UserError
  /** @throws UserError `corrupted` where the file holds a hash, or must, and its arrays have another */
  readonly checkHash: (body: Iterable<Uint8Array>) => void
}

/** Reads the head of an open file. @throws UserError `corrupted` */
export function readHead(path: string, file: number): ReadHead {
  const { size } = statSync(path)
  const corrupted = (value: string): UserError =>
    new UserError({
      where: path,
      problem: 'corrupted',
      value,
      expected: 'a safetensors file',
      hint: 'restore it from a copy, or make it again',
    })
  const prefix = Buffer.alloc(8)
  if (readSync(file, prefix, 0, 8, 0) < 8) throw corrupted(`${size} bytes`)
  const headerLength = Number(prefix.readBigUInt64LE())
  if (headerLength > size - 8 || headerLength > limits.headerBytes)
    throw corrupted(`a header of ${headerLength} bytes in a file of ${size}`)
  const text = Buffer.alloc(headerLength)
  readSync(file, text, 0, headerLength, 8)
  const { entries, metadata } = parseHeader(text.toString('utf8'), corrupted)
  const { [hashKey]: hash, ...notes } = metadata
  const head = Buffer.concat([prefix, text])
  return {
    entries,
    notes,
    head,
    size: size - head.length,
    corrupted,
    checkHash(body) {
      if (hash === undefined && !notes['format']?.startsWith(ours)) return
      head.write(noHash, hash?.length === noHash.length ? digitsIn(head, hash) : 0, 'latin1')
      if (hashOf(chained(head, body)) !== hash) throw corrupted('it is not as it was written: its SHA-256 is another')
    },
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
export function checkCover(
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

/** The kind of an array's numbers, and how many there are. @throws UserError `corrupted` */
export function contentOf(
  name: string,
  { dtype, shape, data_offsets: [begin, end] }: Entry,
  { size, corrupted }: Pick<ReadHead, 'size' | 'corrupted'>,
): { readonly array: (typeof kinds)[Kind]; readonly length: number } {
  const array = kinds[dtype as Kind]
  if (!array) throw corrupted(`"${name}" of type ${dtype}`)
  const length = shape.reduce((product, count) => product * count, 1)
  if (begin > end || end > size || end - begin !== length * array.BYTES_PER_ELEMENT)
    throw corrupted(`"${name}" runs past the end`)
  return { array, length }
}

function view(name: string, entry: Entry, body: Uint8Array, corrupted: (value: string) => UserError): StoredTensor {
  const { array, length } = contentOf(name, entry, { size: body.length, corrupted })
  const [begin, end] = entry.data_offsets
  const aligned = (body.byteOffset + begin) % array.BYTES_PER_ELEMENT === 0
  const bytes = aligned ? body : body.slice(begin, end)
  return {
    shape: entry.shape,
    data: new array(bytes.buffer as ArrayBuffer, aligned ? body.byteOffset + begin : 0, length),
  }
}

/** What a file calls an array of a kind. */
export function kindOf(data: StoredArray): Kind {
  if (data instanceof Float32Array) return 'F32'
  if (data instanceof Float64Array) return 'F64'
  if (data instanceof BigInt64Array) return 'I64'
  return data instanceof Int32Array ? 'I32' : 'U8'
}
