/** @file Files that are either whole or absent: written beside, flushed, then renamed. */
import { open, rename, rm } from 'node:fs/promises'
import { UserError } from '../errors.ts'

/**
 * Writes a file so that a crash or a full disk leaves the previous one as it was.
 * (The package write-file-atomic takes a short write, as a nearly full disk makes, for a whole one, and renames the torso.)
 * @throws UserError `invalid` when the disk is full or the place cannot be written.
 */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  // One name for all tries: what a killed process left is written over by the next.
  const partial = `${path}.partial`
  try {
    await writeWhole(partial, content)
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined)
    throw unwritable(path, (error as NodeJS.ErrnoException).code ?? String(error))
  }
}

async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

function unwritable(path: string, code: string): UserError {
  const full = code === 'ENOSPC' || code === 'EDQUOT'
  const value = full
    ? `the disk is full (${code})`
    : code === 'EFBIG'
      ? 'it passes the limit on file sizes (EFBIG)'
      : `it cannot be written (${code})`
  const hint = 'what was there before is unchanged; make room or choose another folder, and run the command again'
  return new UserError({ where: path, problem: 'invalid', value, hint })
}
