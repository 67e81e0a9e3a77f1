/** @file One file from a server: where a connection breaks off the rest is asked for, and a right hash keeps it. */
import { appendFileSync, closeSync, existsSync, openSync, rmSync, statSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../errors.ts'
import { flushed, partialOf } from '../storage/atomic.ts'
import { inFileWords } from '../storage/file-errors.ts'
import { gitHashOf, hashFile } from '../storage/file-hash.ts'

/** A file of a hub. */
export interface HubFile {
  /** Its place in the model. */
  readonly path: string
  readonly size: number
  /** Large files are named by their SHA-256, small ones as Git names them. */
  readonly hash: { readonly kind: 'sha256' | 'git'; readonly digits: string }
}

/** How a server is asked. */
export interface Asking {
  readonly headers: Readonly<Record<string, string>>
  /** How long nothing may come, in milliseconds. */
  readonly patience: number
  /** How often in a row it may fail without a new byte. */
  readonly tries: number
  readonly report: (line: string) => void
}

/** Whether a file is there as the hub says. */
export async function isWhole(path: string, { size, hash }: HubFile): Promise<boolean> {
  if (!existsSync(path) || statSync(path).size !== size) return false
  return (hash.kind === 'sha256' ? await hashFile(path) : await gitHashOf(path, size)) === hash.digits
}

/**
 * Fetches a file to a place, after what an earlier try left of it. It gets its name once it is whole and its hash is
 * right.
 * @throws UserError `corrupted` for other bytes than the hub promises, `missing` where it cannot be had
 */
export async function download(url: string, to: string, file: HubFile, asking: Asking): Promise<void> {
  const partial = partialOf(to)
  for (let failures = 0; ; ) {
    const before = sizeOf(partial, file.size)
    const failure = before === file.size ? undefined : await more(url, partial, { before, asking })
    const after = sizeOf(partial, file.size)
    if (after === file.size) break
    failures = after > before ? 1 : failures + 1
    if (failures > asking.tries)
      throw new UserError({
        where: file.path,
        problem: 'missing',
        value: `${failure ?? 'the server ended it early'}, ${after} of ${file.size} bytes are here`,
        hint: 'run the command again: it goes on from there',
      })
    asking.report(`${file.path}: ${failure ?? 'the server hung up'} after ${after} of ${file.size} bytes; trying again`)
    await sleep(Math.min(10_000, 50 * 2 ** failures))
  }
  if (!(await isWhole(partial, file))) {
    rmSync(partial, { force: true })
    const expected = 'the bytes whose hash the hub says'
    throw new UserError({ where: file.path, problem: 'corrupted', value: 'other bytes came', expected })
  }
  await flushed(partial)
  await rename(partial, to)
}

/** How much of a file is there; what is longer than the file is none of it. */
function sizeOf(partial: string, whole: number): number {
  const size = statSync(partial, { throwIfNoEntry: false })?.size ?? 0
  if (size <= whole) return size
  rmSync(partial)
  return 0
}

/**
 * Asks for what is missing of a file and appends it.
 * @returns why it ended, where it did not end well
 */
async function more(
  url: string,
  partial: string,
  { before, asking }: { before: number; asking: Asking },
): Promise<string | undefined> {
  const stop = new AbortController()
  let timer = setTimeout(() => stop.abort(), asking.patience)
  const alive = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => stop.abort(), asking.patience)
  }
  let file: number | undefined
  try {
    const headers = { ...asking.headers, 'accept-encoding': 'identity', ...(before && { range: `bytes=${before}-` }) }
    const response = await fetch(url, { headers, signal: stop.signal })
    refuseStatus(response, url)
    if (!response.ok || response.body === null) return `the server answered ${response.status}`
    alive()
    // A server that knows no ranges sends everything, and everything is written anew.
    file = openSync(partial, response.status === 206 ? 'a' : 'w')
    for await (const chunk of response.body) {
      alive()
      // At once: what waits to be written is lost where the connection breaks off.
      appendFileSync(file, chunk)
    }
    return undefined
  } catch (error) {
    if (error instanceof UserError) throw error
    const known = inFileWords(error, partial)
    if (known instanceof UserError) throw known
    if (stop.signal.aborted) return `nothing came for ${asking.patience / 1000} s`
    return reasonOf(error)
  } finally {
    clearTimeout(timer)
    if (file !== undefined) closeSync(file)
  }
}

/** Why a connection failed, in the fewest words. */
export function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string } }
  return cause?.code ?? message
}

/** @throws UserError for an answer that no second try will change */
export function refuseStatus({ status }: { status: number }, url: string): void {
  if (![400, 401, 403, 404, 410].includes(status)) return
  const allowed = status === 401 || status === 403
  throw new UserError({
    where: url,
    problem: 'missing',
    value: `the server answered ${status}`,
    hint: allowed ? 'it wants a token: set SIFTREC_HUB_TOKEN' : 'check the name of the model and its revision',
  })
}
