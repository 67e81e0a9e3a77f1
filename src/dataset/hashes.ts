/** @file SHA-256 of files and of a whole dataset. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Manifest } from './schema.ts'

/** The SHA-256 of a file, in hexadecimal; the file is streamed. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** What a dataset's hash covers: its files, and the settings that make a task of them. */
type Hashed = Pick<Manifest, 'files' | 'behaviors' | 'target' | 'candidates'>

/**
 * The SHA-256 of a dataset. It changes with any file, the names of the behaviors, the target or the candidates, but not
 * with the folder's name.
 */
export function hashOfDataset({ files, behaviors, target, candidates }: Hashed): string {
  const hash = createHash('sha256')
  for (const name of Object.keys(files).sort()) hash.update(`${name} ${files[name]}\n`)
  return hash.update(JSON.stringify({ behaviors, target, candidates })).digest('hex')
}
