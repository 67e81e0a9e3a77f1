/** @file What the file system refuses, as a sentence for the user. */
import { UserError } from '../errors.ts'

const full = 'make room, and run the command again'
/** What a user can do something about, by the code of the system's error. */
const refusals: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: ['the disk is full', full],
  EDQUOT: ['the quota of the disk is used up', full],
  EFBIG: ['it exceeds the limit on file sizes', 'raise the limit (ulimit -f), or choose another folder'],
  EROFS: ['the disk is read-only', 'choose another folder'],
  EACCES: ['there is no permission', 'ask for it, or choose another folder'],
  EPERM: ['the system does not permit it', 'choose another folder'],
  EISDIR: ['it is a folder, not a file', 'choose another name'],
  ENOTDIR: ['a part of the path is a file, not a folder', 'choose another folder'],
  EEXIST: ['something else has that name', 'choose another name'],
  ENOENT: ['there is no such file or folder', 'check the path'],
  ENAMETOOLONG: ['the name is too long', 'choose a shorter one'],
  ELOOP: ['its links lead in a circle', 'choose another folder'],
  EMFILE: ['too many files are open', 'raise the limit (ulimit -n)'],
  EIO: ['the disk reports an error', 'check the disk'],
  ENOLCK: ['the file system has no locks', 'choose a folder on another disk'],
  EBUSY: ['another program uses it', 'wait until it ends, or choose another name'],
}

/** The codes of what cannot be written because it may not be: a read-only disk, or no permission. */
const readOnly = new Set(['EROFS', 'EACCES', 'EPERM'])

/** Whether an error says that a place may only be read. */
export const isReadOnly = (error: unknown): boolean => readOnly.has(codeOf(error))

/**
 * A file system's error as a UserError; another error as it is.
 * @param where the file or folder as the user knows it; by default the path of the error
 * @param unchanged what is still as it was, said first in the hint
 */
export function inFileWords(error: unknown, where?: string, unchanged?: string): unknown {
  const refusal = refusals[codeOf(error)]
  if (refusal === undefined) return error
  const [what, hint] = refusal
  return new UserError({
    where: where ?? (error as NodeJS.ErrnoException).path ?? 'the disk',
    problem: 'invalid',
    value: `${what} (${codeOf(error)})`,
    hint: unchanged === undefined ? hint : `${unchanged}; ${hint}`,
  })
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : ''
}
