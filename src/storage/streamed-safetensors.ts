/** @file Safetensors files that are written and read in stretches, by whoever cannot hold them as a whole. */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { Bug } from '../errors.ts'
import { makeAtomically } from './atomic.ts'
import {
  bytesOf,
  checkCover,
  contentOf,
  digitsIn,
  headOf,
  type Kind,
  noHash,
  readHead,
  type StoredArray,
} from './safetensors.ts'

/** A tensor that comes in stretches. */
export interface StreamedTensor {
  readonly shape: readonly number[]
  readonly kind: Kind
  /** All its numbers, in order. */
  stretches(): AsyncIterable<StoredArray>
}

/** Bytes that are written, or read to be checked, at a time. */
const pieceBytes = 2 ** 24

/**
 * Writes the file that `encodeSafetensors` makes, to the byte, without ever holding all of it. It is whole or absent.
 * @throws UserError as `writeAtomically`
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, StreamedTensor>>,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const { head, names, size } = headOf(tensors, metadata)
  const hash = createHash('sha256')
  await makeAtomically(path, async (partial) => {
    const file = await open(partial, 'w')
    let written = 0
    const write = async (bytes: Uint8Array): Promise<void> => {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        const piece = bytes.subarray(at, at + pieceBytes)
        const writing = file.writeFile(piece)
        hash.update(piece)
        await writing
      }
      written += bytes.length
    }
    try {
      await write(head)
      await eachStretch(tensors, names, (stretch) => write(bytesOf(stretch)))
      if (written !== head.length + size) throw new Bug(`${path} got ${written} bytes of ${head.length + size}`)
      await file.write(hash.digest('hex'), digitsIn(head, noHash), 'latin1')
    } finally {
      await file.close()
    }
  })
}

/** Goes through tensors as writing them does: for a rank that gives its share of them to the one that writes. */
export const passSafetensors = (tensors: Readonly<Record<string, StreamedTensor>>): Promise<void> =>
  eachStretch(tensors, headOf(tensors, {}).names, () => Promise.resolve())

async function eachStretch(
  tensors: Readonly<Record<string, StreamedTensor>>,
  names: readonly string[],
  use: (stretch: StoredArray) => Promise<void>,
): Promise<void> {
  for (const name of names) for await (const stretch of tensors[name]?.stretches() ?? []) await use(stretch)
}

/** A file that is open. */
export interface OpenSafetensors extends Disposable {
  readonly metadata: Readonly<Record<string, string>>
  /** What an array is; undefined where the file has none of that name. */
  contentOf(name: string): { readonly kind: Kind; readonly length: number } | undefined
  /** An array, so many numbers at a time, each with the place of its first one. */
  stretches(name: string, most: number): Iterable<{ readonly first: number; readonly stretch: StoredArray }>
}

/**
 * Opens a file, and checks all of it.
 * @param checked whether somebody has compared the whole file with its hash already
 * @throws UserError as `readSafetensors`
 */
export function openSafetensors(
  path: string,
  { checked = false }: { readonly checked?: boolean } = {},
): OpenSafetensors {
  const file = openSync(path, 'r')
  try {
    const read = readHead(path, file)
    const { entries, notes, head, size, corrupted, checkHash } = read
    const bytesAt = (begin: number, length: number): Uint8Array => {
      const bytes = new Uint8Array(length)
      for (let at = 0; at < length; ) {
        const got = readSync(file, bytes, at, length - at, head.length + begin + at)
        if (got === 0) throw corrupted('it ends early')
        at += got
      }
      return bytes
    }
    if (!checked) checkHash(pieces())
    const contents = new Map(Object.entries(entries).map(([name, entry]) => [name, contentOf(name, entry, read)]))
    checkCover(entries, size, corrupted)
    return {
      metadata: notes,
      contentOf(name) {
        const content = contents.get(name)
        return content && { kind: entries[name]?.dtype as Kind, length: content.length }
      },
      *stretches(name, most) {
        const { array, length } = contents.get(name) ?? {}
        const [begin] = entries[name]?.data_offsets ?? [0]
        if (!array || length === undefined) throw new Bug(`${path} has no array "${name}"`)
        for (let first = 0; first < length; first += most) {
          const count = Math.min(most, length - first)
          const { buffer } = bytesAt(begin + first * array.BYTES_PER_ELEMENT, count * array.BYTES_PER_ELEMENT)
          yield { first, stretch: new array(buffer as ArrayBuffer, 0, count) }
        }
      },
      [Symbol.dispose]: () => closeSync(file),
    }

    function* pieces(): Iterable<Uint8Array> {
      for (let at = 0; at < size; at += pieceBytes) yield bytesAt(at, Math.min(pieceBytes, size - at))
    }
  } catch (error) {
    closeSync(file)
    throw error
  }
}
