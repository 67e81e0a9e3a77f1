/** @file One process at a time: a lock file that holds its owner's process id, and that a dead owner does not keep. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** How often a waiting process looks, in milliseconds. */
const lookEvery = 500

/** Takes a lock, waiting while another living process holds it; released when disposed. An aborted signal ends the wait without the lock. */
export async function lockPath(path: string, signal?: AbortSignal): Promise<AsyncDisposable> {
  while (!taken(path)) {
    if (signal?.aborted) return { [Symbol.asyncDispose]: () => Promise.resolve() }
    await sleep(lookEvery)
  }
  return {
    [Symbol.asyncDispose]() {
      rmSync(path, { force: true })
      return Promise.resolve()
    },
  }
}

function taken(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const owner = ownerOf(path)
  if (owner !== process.pid && alive(owner)) return false
  rmSync(path, { force: true })
  return false
}

function ownerOf(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch {
    return Number.NaN
  }
}

function alive(process_: number): boolean {
  if (!Number.isInteger(process_) || process_ <= 0) return false
  try {
    process.kill(process_, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
