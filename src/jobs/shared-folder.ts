/**
 * @file A folder that several hosts see: it is known by a file in it, so that a worker that would write elsewhere
 * notices before it trains.
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

/** A folder as it is told to others. */
export interface SharedFolder {
  /** As the sender has it: a relative one starts where the sender's command did. */
  readonly path: string
  /** What its file says. */
  readonly id: string
  /** Where it is for the sender, in words. */
  readonly at: string
}

const fileOf = (path: string): string => join(path, '.siftrec-shared')
/** How long a disk of the network may take to show what another host wrote, in milliseconds. */
const lateBy = 60_000
/** How often it is looked at again, in milliseconds. */
const lookEvery = 500

/** The folder with its file, which is made where it is missing. */
export async function sharedFolder(path: string): Promise<SharedFolder> {
  makeFolder(path)
  await using _ = await waitForLock(`${fileOf(path)}-lock`)
  const known = idIn(path)
  const id = known ?? randomUUID()
  if (known === undefined) await writeAtomically(fileOf(path), `${JSON.stringify({ id })}\n`)
  return { path, id, at: `${hostname()}:${resolve(path)}` }
}

/** Whether this host sees the folder at the same path. */
export const seesFolder = ({ path, id }: SharedFolder): Promise<boolean> =>
  // A folder without the file is no other experiment's: it may only be shown late.
  isSeen(() => idIn(path) === id, existsSync(path) && idIn(path) === undefined ? lookEvery * 10 : 0)

/** Whether something can be seen, now or soon. */
export async function isSeen(look: () => boolean, patience = lateBy): Promise<boolean> {
  for (const until = performance.now() + patience; ; await sleep(lookEvery)) {
    if (look()) return true
    if (performance.now() >= until) return false
  }
}

function idIn(path: string): string | undefined {
  if (!existsSync(fileOf(path))) return undefined
  return (parsedJson(readFileSync(fileOf(path), 'utf8')) as { id?: string } | undefined)?.id
}
