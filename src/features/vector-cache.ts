/**
 * @file Vectors on disk by what they were made of: a file for each encoder, to which every batch is appended. A kill
 * loses the batch that was being written at most.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { inFileWords } from '../storage/file-errors.ts'
import { makeFolder } from '../storage/folders.ts'
import { waitForLock } from '../storage/lock.ts'

/** A vector with what it was made of. */
export interface KeptVector {
  /** SHA-256 of the input's bytes, 32 bytes in hexadecimal. */
  readonly key: string
  readonly vector: Float32Array
}

/** The vectors of one encoder. */
export interface VectorCache extends AsyncDisposable {
  /** The vector of an input's bytes; undefined where there is none, or it is not as it was written. */
  find(key: string): Promise<Float32Array | undefined>
  /** Writes vectors, so that they stay whatever happens next. */
  add(vectors: readonly KeptVector[]): Promise<void>
}

/** The SHA-256 of an input's bytes, in hexadecimal. */
export const keyOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** A record is the key, the vector and the beginning of the SHA-256 of both. */
const bytesOf = { key: 32, check: 8 } as const
/** How much is read at once when the keys are. */
const readAtOnce = 1 << 22

/**
 * Opens the vectors of an encoder in the folder of the cache, which is made if it is not there. Several processes may
 * use it at once.
 * @param fingerprint what the encoder's vectors depend on beside the input, in hexadecimal
 * @throws UserError `invalid` when the file cannot be read or written
 */
export async function openVectorCache(folder: string, fingerprint: string, width: number): Promise<VectorCache> {
  makeFolder(folder)
  const path = join(folder, `${fingerprint}.vectors`)
  const lock = `${path}.lock`
  const file = await open(path, 'a+').catch((error: unknown) => {
    throw inFileWords(error, path)
  })
  const size = bytesOf.key + 4 * width + bytesOf.check
  const places = await readKeys(file, size).catch(async (error: unknown) => {
    await file.close()
    throw inFileWords(error, path)
  })
  return {
    async find(key) {
      const place = places.get(key)
      if (place === undefined) return undefined
      const record = Buffer.alloc(size)
      await file.read(record, 0, size, place)
      return vectorIn(record, key, width)
    },
    async add(vectors) {
      const records = Buffer.concat(vectors.map((one) => recordOf(one)))
      try {
        await using _ = await waitForLock(lock)
        const { size: length } = await file.stat()
        // What a kill left of a record would shift all that follow.
        const end = length - (length % size)
        if (end < length) await file.truncate(end)
        await file.appendFile(records)
        await file.datasync()
        for (const [at, { key }] of vectors.entries()) places.set(key, end + at * size)
      } catch (error) {
        throw inFileWords(error, path, 'the vectors in it stay')
      }
    },
    [Symbol.asyncDispose]: () => file.close(),
  }
}

/** Where the record of each key lies; the last one of a key counts. */
async function readKeys(file: FileHandle, size: number): Promise<Map<string, number>> {
  const places = new Map<string, number>()
  const records = Math.max(1, Math.floor(readAtOnce / size))
  const buffer = Buffer.alloc(records * size)
  for (let from = 0; ; from += buffer.length) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from)
    for (let at = 0; at + size <= bytesRead; at += size)
      places.set(buffer.toString('hex', at, at + bytesOf.key), from + at)
    if (bytesRead < buffer.length) return places
  }
}

function recordOf({ key, vector }: KeptVector): Buffer {
  const body = Buffer.concat([
    Buffer.from(key, 'hex'),
    Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength),
  ])
  return Buffer.concat([body, checkOf(body)])
}

const checkOf = (body: Uint8Array): Buffer => createHash('sha256').update(body).digest().subarray(0, bytesOf.check)

/** The vector of a record; undefined where the record is damaged. */
function vectorIn(record: Buffer, key: string, width: number): Float32Array | undefined {
  const body = record.subarray(0, bytesOf.key + 4 * width)
  if (body.toString('hex', 0, bytesOf.key) !== key || !checkOf(body).equals(record.subarray(body.length)))
    return undefined
  const vector = new Float32Array(width)
  new Uint8Array(vector.buffer).set(body.subarray(bytesOf.key))
  return vector
}
