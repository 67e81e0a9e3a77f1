/** @file Where a dataset's own files are: in the folder given as input. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import type { SourceRequest } from './source.ts'

/** The path of a dataset's own file, packed if only that is there. */
export function ownFile({ input = '.' }: SourceRequest, name: string): string {
  const path = join(input, name)
  return !existsSync(path) && existsSync(`${path}.gz`) ? `${path}.gz` : path
}

/**
 * The names in the input folder.
 * @throws UserError `missing` without the folder
 */
export function ownNames({ input = '.' }: SourceRequest): string[] {
  if (!existsSync(input)) throw new UserError({ where: input, problem: 'missing', value: 'no such folder' })
  return readdirSync(input).sort()
}
