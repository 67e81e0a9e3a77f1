/** @file SHA-256 of a manifest and of a whole dataset. */
import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { Manifest } from './schema.ts'

/**
 * The text of `manifest.json`, or of another file: its content, and last the SHA-256 of all before it.
 * @param indent how many spaces; 2 by default, 0 for what nobody reads
 */
export function sealed(content: object, indent = 2): string {
  return `${JSON.stringify({ ...content, sha256: sealOf(content) }, null, indent)}\n`
}

/** What a sealed text says; undefined when it is not as it was written. */
export function unsealed(text: string): unknown {
  const { sha256, ...manifest } = z.looseObject({ sha256: z.string() }).parse(JSON.parse(text))
  return sealOf(manifest) === sha256 ? manifest : undefined
}

const sealOf = (manifest: object): string => createHash('sha256').update(JSON.stringify(manifest)).digest('hex')

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
