/** @file An item's picture as an answer. */
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { UserError } from '../errors.ts'
import { Refusal } from './refusal.ts'

const types: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
  '.avif': 'image/avif',
}

/**
 * Reads a picture.
 * @param path where the service says it lies; the caller names an item and no path
 * @throws Refusal 404 where there is none, or none any more
 */
export async function pictureOf(
  id: string,
  path: string | undefined,
): Promise<{ type: string; bytes: Uint8Array<ArrayBuffer> }> {
  const bytes = path === undefined ? undefined : await readFile(path).catch(unlessGone)
  if (path === undefined || !bytes)
    throw new Refusal(404, new UserError({ where: 'picture', problem: 'missing', value: `a picture of "${id}"` }))
  return { type: types[extname(path).toLowerCase()] ?? 'application/octet-stream', bytes: new Uint8Array(bytes) }
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
