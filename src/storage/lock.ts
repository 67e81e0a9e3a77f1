/**
 * @file One writer at a time: a lock file that the system itself frees when its owner dies, and that names its owner.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../errors.ts'

/** How often a waiting process looks, in milliseconds. */
const lookEvery = 200
/** The locked byte lies far behind the owner's name, since Windows lets nobody read a locked part of a file. */
const lockedByte = 2 ** 20

/**
 * Takes a lock, or refuses: for a folder that a command is asked to write.
 * @param where what is locked, as the user calls it
 * @throws UserError `busy`, naming the process that holds it, and as the file system does
 */
export async function takeLock(path: string, where: string): Promise<AsyncDisposable> {
  const lock = await tries(path)
  if ('release' in lock) return disposable(lock.release)
  throw new UserError({
    where,
    problem: 'busy',
    value: `${lock.owner} is writing it`,
    expected: 'one command at a time',
    hint: 'wait until it ends, or choose another folder',
  })
}

/**
 * Takes a lock, waiting while another process, or another call of this one, holds it: for what all may use once it is
 * made. An aborted signal ends the wait without the lock.
 */
export async function waitForLock(path: string, signal?: AbortSignal): Promise<AsyncDisposable> {
  for (;;) {
    if (signal?.aborted) return disposable(() => undefined)
    const lock = await tries(path)
    if ('release' in lock) return disposable(lock.release)
    await sleep(lookEvery)
  }
}

/** Tries once to take the lock. */
async function tries(path: string): Promise<{ release: () => void } | { owner: string }> {
  // Loaded on first use: it is native, and most commands write nothing.
  const { tryLock } = await import('fs-native-extensions')
  const place = resolve(path)
  for (;;) {
    const file = openSync(place, 'a+')
    let kept = false
    try {
      if (!tryLock(file, lockedByte, 1)) return { owner: ownerOf(place) }
      // An owner removes the file before it lets go: the one that was opened may be gone, and its lock worth nothing.
      if (!isStill(file, place)) continue
      ftruncateSync(file)
      writeSync(file, JSON.stringify({ process: process.pid, host: hostname() }))
      kept = true
    } finally {
      if (!kept) closeSync(file)
    }
    return {
      release: () => {
        rmSync(place, { force: true })
        closeSync(file)
      },
    }
  }
}

function isStill(file: number, place: string): boolean {
  const [opened, there] = [fstatSync(file), statSync(place, { throwIfNoEntry: false })]
  return there !== undefined && opened.ino === there.ino && opened.dev === there.dev
}

function ownerOf(place: string): string {
  try {
    const { process: id, host } = JSON.parse(readFileSync(place, 'utf8')) as { process: number; host: string }
    return host === hostname() ? `process ${id}` : `process ${id} on ${host}`
  } catch {
    // It has the lock, and has not written its name yet.
    return 'another process'
  }
}

/** Releases once, however often it is disposed of: afterwards the lock may be another's. */
function disposable(release: () => void): AsyncDisposable {
  let released = false
  return {
    [Symbol.asyncDispose]() {
      if (!released) release()
      released = true
      return Promise.resolve()
    },
  }
}
