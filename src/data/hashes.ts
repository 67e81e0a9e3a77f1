/** @file SHA-256 of files and of a whole dataset. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** The SHA-256 of a file, in hexadecimal; the file is streamed. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** The SHA-256 of a manifest's file hashes: it changes when any file does, whatever the folder is called. */
export function hashOfFiles(files: Readonly<Record<string, string>>): string {
  const hash = createHash('sha256')
  for (const name of Object.keys(files).sort()) hash.update(`${name} ${files[name]}\n`)
  return hash.digest('hex')
}
