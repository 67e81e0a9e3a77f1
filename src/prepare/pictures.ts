/** @file Finds the pictures that an item table names in a folder. */
import { existsSync, readdirSync } from 'node:fs'
import { UserError } from '../errors.ts'

/**
 * Returns a function that maps a file name, or one that ends in `.*` for any extension, to the path within the folder;
 * '' if there is no such file.
 * @throws UserError `missing` without the folder
 */
export function pictureFinder(folder: string): (name: string) => string {
  if (!existsSync(folder))
    throw new UserError({ where: folder, problem: 'missing', value: 'the folder of pictures does not exist' })
  // The folder is listed once, instead of asking the disk for every item.
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  const exact = new Set(files)
  const byStem = new Map(files.map((file) => [file.replace(/\.[^./\\]+$/, ''), file]))
  return (name) => {
    if (name.endsWith('.*')) return byStem.get(name.slice(0, -2)) ?? ''
    return exact.has(name) ? name : ''
  }
}
