/**
 * @file One holder at a time: a lock file that names its owner's process, and that a dead owner does not keep.
 * (proper-lockfile asks for a lock's age in place of its owner: after a kill the next process would wait ten seconds.)
 */
import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** How often a waiting holder looks, in milliseconds. */
const lookEvery = 500
/**
 * A claim lasts for a few calls to the file system; one of this age, in milliseconds, was left by a process that died.
 */
const claimLasts = 60_000

/** The locks that this process holds. */
const held = new Set<string>()

/**
 * Takes a lock, waiting while another living process, or another call of this one, holds it; released when disposed. An
 * aborted signal ends the wait without the lock.
 */
export async function lockPath(path: string, signal?: AbortSignal): Promise<AsyncDisposable> {
  const place = resolve(path)
  while (!takes(place)) {
    if (signal?.aborted) return { [Symbol.asyncDispose]: () => Promise.resolve() }
    await sleep(lookEvery)
  }
  let released = false
  return {
    [Symbol.asyncDispose]() {
      if (!released) {
        rmSync(place, { force: true })
        held.delete(place)
      }
      released = true
      return Promise.resolve()
    },
  }
}

/** Tries to take the lock. A stale one is removed, for the next try. */
function takes(place: string): boolean {
  if (held.has(place)) return false
  // Written whole beside its place and linked there: nobody reads half a lock, and only one process can link.
  const own = `${place}.${randomUUID()}`
  writeFileSync(own, `${process.pid} ${randomUUID()}`)
  try {
    if (links(own, place)) {
      held.add(place)
      return true
    }
  } finally {
    rmSync(own, { force: true })
  }
  const lock = contentOf(place)
  if (lock !== undefined && isStale(lock)) removeStale(place, lock)
  return false
}

/** A lock of this process's own id that it does not hold was left by an earlier process of the same id. */
function isStale(lock: string): boolean {
  const owner = Number.parseInt(lock, 10)
  return owner === process.pid || !isAlive(owner)
}

/**
 * Removes a stale lock if it is still the one that was read. Only the process whose claim is linked may: without it,
 * the slower of two would remove the lock that the faster has taken in the meantime.
 */
function removeStale(place: string, lock: string): void {
  const claim = `${place}.claim`
  if (!links(place, claim)) {
    removeOldClaim(claim)
    return
  }
  try {
    if (contentOf(claim) === lock) rmSync(place, { force: true })
  } finally {
    rmSync(claim, { force: true })
  }
}

/** Linking changes the time of a file's status, so that time is the claim's age. */
function removeOldClaim(claim: string): void {
  const stat = statSync(claim, { throwIfNoEntry: false })
  if (stat && Date.now() - stat.ctimeMs > claimLasts) rmSync(claim, { force: true })
}

/** Gives a file a second name; false when that name is taken, or the file is gone. */
function links(file: string, name: string): boolean {
  try {
    linkSync(file, name)
    return true
  } catch (error) {
    if (['EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function isAlive(owner: number): boolean {
  if (!Number.isInteger(owner) || owner <= 0) return false
  try {
    process.kill(owner, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
