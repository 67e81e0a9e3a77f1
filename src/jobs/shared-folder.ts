/**
 * @file A folder that several hosts see, on a disk that they share or in S3-compatible storage: it is known by a file
 * in it, so that a worker that would write elsewhere notices before it trains.
 */
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeAtomically } from '../storage/atomic.ts'
import { makeFolder } from '../storage/folders.ts'
import { parsedJson } from '../storage/json.ts'
import { waitForLock } from '../storage/lock.ts'
import { isObjectAddress, openObjects } from '../storage/s3.ts'

/** A folder as it is told to others. */
export interface SharedFolder {
  /** An address in storage, or a path as the sender has it: a relative one starts where the sender's command did. */
  readonly path: string
  /** What its file says. */
  readonly id: string
  /** Where it is for the sender, in words. */
  readonly at: string
}

const name = '.siftrec-shared'
const fileOf = (path: string): string => join(path, name)
const printId = (id: string): string => `${JSON.stringify({ id })}\n`
const readId = (text: string): string | undefined => (parsedJson(text) as { id?: string } | undefined)?.id
/** How long a disk of the network may take to show what another host wrote, in milliseconds. */
const lateBy = 60_000
/** How often it is looked at again, in milliseconds. */
const lookEvery = 500

/** The folder with its file, which is made where it is missing. @throws UserError where it cannot be written */
export async function sharedFolder(path: string): Promise<SharedFolder> {
  if (isObjectAddress(path)) {
    const fresh = randomUUID()
    return { path, id: (await storedId(path, fresh)) ?? fresh, at: path }
  }
  makeFolder(path)
  await using _ = await waitForLock(`${fileOf(path)}-lock`)
  const known = idIn(path)
  const id = known ?? randomUUID()
  if (known === undefined) await writeAtomically(fileOf(path), printId(id))
  return { path, id, at: `${hostname()}:${resolve(path)}` }
}

/** Whether this host sees the folder at the same path. @throws UserError where storage cannot be read and written */
export async function seesFolder({ path, id }: SharedFolder): Promise<boolean> {
  if (isObjectAddress(path)) return (await storedId(path)) === id
  // A folder without the file is no other experiment's: it may only be shown late.
  return isSeen(() => idIn(path) === id, existsSync(path) && idIn(path) === undefined ? lookEvery * 10 : 0)
}

/** Whether something can be seen, now or soon. */
export async function isSeen(look: () => boolean | Promise<boolean>, patience = lateBy): Promise<boolean> {
  for (const until = performance.now() + patience; ; await sleep(lookEvery)) {
    if (await look()) return true
    if (performance.now() >= until) return false
  }
}

function idIn(path: string): string | undefined {
  if (!existsSync(fileOf(path))) return undefined
  return readId(readFileSync(fileOf(path), 'utf8'))
}

/**
 * The same of a folder in storage; where it has no file, one is written with the id that is given. Another file is
 * written each time, so that whoever may only read is refused before there is anything to keep.
 */
async function storedId(address: string, fresh?: string): Promise<string | undefined> {
  using objects = await openObjects()
  await objects.write(`${address}/.siftrec-writable`, '{}\n')
  const known = readId((await objects.read(`${address}/${name}`)) ?? '')
  if (known === undefined && fresh !== undefined) await objects.write(`${address}/${name}`, printId(fresh))
  return known ?? fresh
}
