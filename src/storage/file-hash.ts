/** @file Hashes of files. */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** The SHA-256 of a file, in hexadecimal; the file is streamed. */
export const hashFile = (path: string): Promise<string> => hashInto(createHash('sha256'), path)

/** The SHA-1 by which Git names a file of this size and content, in hexadecimal. */
export const gitHashOf = (path: string, size: number): Promise<string> =>
  hashInto(createHash('sha1').update(`blob ${size}\0`), path)

async function hashInto(hash: Hash, path: string): Promise<string> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
