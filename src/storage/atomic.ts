/** @file Writes files that are either whole or absent: to a temporary file that is flushed and then renamed. */
import { open, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { inFileWords } from './file-errors.ts'

/**
 * The temporary file beside a path. Its name is always the same, so that the next try overwrites what a killed process
 * left, and it is nobody else's.
 */
export const partialOf = (path: string): string => join(dirname(path), `.${basename(path)}.siftrec-partial`)

/**
 * Writes a file so that a crash or a full disk leaves the previous version unchanged. (On a nearly full disk a write
 * may be short. The package write-file-atomic does not notice, and renames the truncated file.)
 * @throws UserError `invalid` when the disk is full or the file cannot be written
 */
export const writeAtomically = (path: string, content: string | Uint8Array): Promise<void> =>
  makeAtomically(path, (partial) => writeFile(partial, content))

/**
 * The same of a file that is made bit by bit, at the path that `make` is given.
 * @throws what `make` throws, and then nothing is left of it
 */
export async function makeAtomically(path: string, make: (partial: string) => Promise<void>): Promise<void> {
  const partial = partialOf(path)
  try {
    await make(partial)
    await flushed(partial)
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined)
    throw inFileWords(error, path, 'what was there is unchanged')
  }
}

/** Has the disk keep a file before its name changes: after a power failure it is not empty. */
export async function flushed(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
