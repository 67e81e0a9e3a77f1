/** @file Finds a data set's own files in the input folder, and describes those without a header. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import type { MappingInput } from '../mapping.ts'
import type { SourceRequest } from './source.ts'
import { firstLine } from './text-file.ts'

/** The path of a data set's own file, or of its gzipped form if only that exists. */
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

/** The paths of the dataset's own files whose names fit a pattern. */
export function ownFiles(request: SourceRequest, pattern: RegExp): string[] {
  return ownNames(request)
    .filter((name) => pattern.test(name))
    .map((name) => join(request.input ?? '.', name))
}

/**
 * As {@link ownFiles}, for a pattern that must match at least one file.
 * @throws UserError `missing`, naming the folder and the file it looked for
 */
export function needOwnFiles(request: SourceRequest, pattern: RegExp, like: string): string[] {
  const files = ownFiles(request, pattern)
  if (files.length === 0)
    throw new UserError({
      where: request.input ?? '.',
      problem: 'missing',
      value: like,
      expected: `a file called ${like}`,
    })
  return files
}

/** The layout of a text file whose columns are documented: its delimiter, and its column names if it has no header. */
export async function layoutOf(file: string, columns: readonly string[]): Promise<NonNullable<MappingInput['events']>> {
  const line = await firstLine(file)
  const delimiter =
    ['\t', ',', '\u0001', ' '].find((character) => line.split(character).length >= columns.length) ?? ','
  const layout = { format: delimiter === ',' ? ('csv' as const) : ('tsv' as const), delimiter }
  return line.includes(columns[0] as string) ? layout : { ...layout, columns: [...columns] }
}
