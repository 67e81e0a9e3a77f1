/** @file Whether there is a file to read. */
import { type Stats, statSync } from 'node:fs'
import { UserError } from '../errors.ts'

/**
 * The size and times of a file. Pipes and devices are refused, since they would be waited for without end.
 * @param said what an error says: of a file that is not there, and of what would have been right
 * @throws UserError `missing` without it, `invalid` for what is no file
 */
export function regularFile(path: string, said: { readonly missing: string; readonly expected: string }): Stats {
  let found: Stats
  try {
    found = statSync(path)
  } catch {
    throw new UserError({ where: path, problem: 'missing', value: said.missing })
  }
  if (found.isFile()) return found
  const value = found.isDirectory() ? 'a folder' : 'not a regular file'
  throw new UserError({ where: path, problem: 'invalid', value, expected: said.expected })
}
