/**
 * @file Folders in S3-compatible storage. Its files are put there first, and last a list of them with their hashes: a
 * folder without that list, or with other files than it says, counts as not there.
 */
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { flushed, partialOf } from './atomic.ts'
import { hashFile } from './file-hash.ts'
import { parsedJson } from './json.ts'
import { isNoObject, type Objects } from './s3.ts'

/** A folder here, and its address there. */
export interface FolderPair {
  readonly folder: string
  readonly address: string
}

/** The files of a folder in order, each with its SHA-256. */
const listSchema = z.strictObject({
  files: z.array(z.strictObject({ name: z.string().regex(/^[^/\\.][^/\\]*$/), sha256: z.string() })),
})
type StoredFile = z.infer<typeof listSchema>['files'][number]

const listOf = (address: string): string => `${address}/whole.json`

async function storedFiles(objects: Objects, address: string): Promise<readonly StoredFile[]> {
  const text = await objects.read(listOf(address))
  return text === undefined ? [] : (listSchema.safeParse(parsedJson(text)).data?.files ?? [])
}

/** The names of a folder's files, by its list; none where it is not there. */
export async function storedNames(objects: Objects, address: string): Promise<ReadonlySet<string>> {
  return new Set((await storedFiles(objects, address)).map(({ name }) => name))
}

/**
 * Puts files of a folder there, in place of what was there.
 * @param names in the order in which they are to appear where they are taken: what says that all is done comes last
 */
export async function putFolder(
  objects: Objects,
  { folder, address }: FolderPair,
  names: readonly string[],
): Promise<void> {
  const files: StoredFile[] = []
  for (const name of names) {
    files.push({ name, sha256: await hashFile(join(folder, name)) })
    await objects.put(`${address}/${name}`, join(folder, name))
  }
  await objects.write(listOf(address), `${JSON.stringify({ files })}\n`)
}

/**
 * Copies a folder from there. Until all files have come, what is here stays.
 * @returns whether it was there, whole
 */
export async function takeFolder(objects: Objects, { folder, address }: FolderPair): Promise<boolean> {
  const files = await storedFiles(objects, address)
  const paths = files.map(({ name }) => join(folder, name))
  await mkdir(folder, { recursive: true })
  try {
    for (const [at, { name, sha256 }] of files.entries()) {
      const partial = partialOf(paths[at] as string)
      await rm(partial, { force: true })
      await objects.copy(`${address}/${name}`, partial)
      if ((await hashFile(partial)) !== sha256) return false
      await flushed(partial)
    }
    // In this order nothing says that all is done while it is not.
    for (const path of paths.toReversed()) await rm(path, { force: true })
    for (const path of paths) await rename(partialOf(path), path)
    return files.length > 0
  } catch (error) {
    if (isNoObject(error)) return false
    throw error
  } finally {
    for (const path of paths) await rm(partialOf(path), { force: true })
  }
}
