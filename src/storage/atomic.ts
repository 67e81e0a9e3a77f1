/** @file Writes files that are either whole or absent: to a temporary file that is flushed and then renamed. */
import { open, rename, rm } from 'node:fs/promises'
import { UserError } from '../errors.ts'

/**
 * Writes a file so that a crash or a full disk leaves the previous version unchanged. (On a nearly full disk a write
 * may be short. The package write-file-atomic does not notice, and renames the truncated file.)
 * @throws UserError `invalid` when the disk is full or the file cannot be written
 */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  // The temporary name is always the same, so that the next try overwrites what a killed process left.
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
      ? 'it exceeds the limit on file sizes (EFBIG)'
      : `it cannot be written (${code})`
  const hint =
    'the previous version of the file is unchanged; make room or choose another folder, and run the command again'
  return new UserError({ where: path, problem: 'invalid', value, hint })
}
