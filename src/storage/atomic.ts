/** @file Files that are either whole or absent: written beside, flushed, then renamed. */
import writeFileAtomic from 'write-file-atomic'
import { UserError } from '../errors.ts'

/**
 * Writes a file so that a crash or a full disk leaves the previous one as it was.
 * @throws UserError `invalid` when the disk is full or the place cannot be written.
 */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  try {
    const data = typeof content === 'string' ? content : Buffer.from(content.buffer, content.byteOffset, content.byteLength)
    await writeFileAtomic(path, data, { fsync: true })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    const full = code === 'ENOSPC' || code === 'EDQUOT'
    throw new UserError({
      where: path,
      problem: 'invalid',
      value: full ? 'the disk is full (ENOSPC)' : `it cannot be written (${code})`,
      hint: 'what was there before is unchanged; make room or choose another folder, and run the command again',
    })
  }
}
