/** @file Finds the pictures that an item table names in a folder. */
import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../errors.ts'

/**
 * Returns a function that maps a file name, or one that ends in `.*` for any extension, to the path within the folder;
 * '' if there is no such file. Only names are read here: what is no picture has no vector.
 * @throws UserError `missing` without the folder, `invalid` for what is none or cannot be listed
 */
export function pictureFinder(folder: string): (name: string) => string {
  const found = statOf(folder)
  if (!found) throw new UserError({ where: folder, problem: 'missing', value: 'the folder of pictures does not exist' })
  if (!found.isDirectory())
    throw new UserError({
      where: folder,
      problem: 'invalid',
      value: 'not a folder',
      expected: 'the folder of pictures',
    })
  // The folder is listed once, instead of asking the disk for every item.
  const files = namesIn(folder).sort()
  const exact = new Set(files)
  const byStem = new Map(files.map((file) => [file.replace(/\.[^./\\]+$/, ''), file]))
  return (name) => {
    if (name.endsWith('.*')) return byStem.get(name.slice(0, -2)) ?? ''
    return exact.has(name) ? name : ''
  }
}

/** The paths within a folder and the folders in it. A link to a folder around it is not entered: it has no end. */
function namesIn(root: string): string[] {
  const names: string[] = []
  const waiting: { within: string; around: readonly string[] }[] = [{ within: '', around: [] }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { within, around } = next
    const real = realpathSync(join(root, within))
    if (around.includes(real)) continue
    for (const entry of list(join(root, within))) {
      const path = join(within, entry.name)
      const isFolder =
        entry.isDirectory() || (entry.isSymbolicLink() && statOf(join(root, path))?.isDirectory() === true)
      if (isFolder) waiting.push({ within: path, around: [...around, real] })
      // A folder called like a picture is named as a broken one.
      if (!isFolder || entry.name.includes('.')) names.push(path)
    }
  }
  return names
}

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    const value = `it cannot be listed (${(error as NodeJS.ErrnoException).code})`
    throw new UserError({ where: folder, problem: 'invalid', value, expected: 'a readable folder of pictures' })
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}
