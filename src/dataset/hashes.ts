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

/** What a dataset's hash covers: its files, and what says how to read them as a task. */
type Hashed = Pick<Manifest, 'files' | 'behaviors' | 'target' | 'candidates'>

/** The SHA-256 of a dataset: it changes when any file does, the behaviors' names, the target or the candidates, whatever the folder is called. */
export function hashOfDataset({ files, behaviors, target, candidates }: Hashed): string {
  const hash = createHash('sha256')
  for (const name of Object.keys(files).sort()) hash.update(`${name} ${files[name]}\n`)
  return hash.update(JSON.stringify({ behaviors, target, candidates })).digest('hex')
}
