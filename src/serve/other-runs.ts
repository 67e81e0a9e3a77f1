/** @file Runs beside the one that is served, open for as long as somebody compares lists with theirs. */
import { turns } from '../runtime/runtime.ts'
import { type Leased, leased } from './leases.ts'

/** Runs by their folders. */
export interface OtherRuns<Opened> extends AsyncDisposable {
  /** Opens a run when it is first asked for. @throws as opening does */
  use<Result>(folder: string, work: (opened: Opened) => Promise<Result>): Promise<Result>
  /** Closes all of them: what they were opened on is served no more. */
  clear(): Promise<void>
}

/** A run takes as much memory as the one that is served. */
const mostOpen = 2
const idleTime = 5 * 60_000

interface Kept<Opened> {
  readonly leased: Promise<Leased<Opened>>
  idle?: ReturnType<typeof setTimeout>
}

/** Keeps runs open. @param idleMs after which one that nobody asks is closed; five minutes by default */
export function otherRuns<Opened extends AsyncDisposable>(
  open: (folder: string) => Promise<Opened>,
  idleMs = idleTime,
): OtherRuns<Opened> {
  const kept = new Map<string, Kept<Opened>>()
  const opening = turns()
  const close = async (folder: string): Promise<void> => {
    const run = kept.get(folder)
    kept.delete(folder)
    clearTimeout(run?.idle)
    await run?.leased.then(
      (opened) => opened.retire(),
      () => undefined,
    )
  }
  const keep = (folder: string): Kept<Opened> => {
    const run: Kept<Opened> = kept.get(folder) ?? { leased: opening(async () => leased(await open(folder))) }
    // The one that was asked last stays longest.
    kept.delete(folder)
    kept.set(folder, run)
    run.leased.catch(() => {
      if (kept.get(folder) === run) void close(folder)
    })
    clearTimeout(run.idle)
    run.idle = setTimeout(() => void close(folder), idleMs).unref()
    for (const oldest of [...kept.keys()].slice(0, -mostOpen)) void close(oldest)
    return run
  }
  const clear = async (): Promise<void> => {
    await Promise.all([...kept.keys()].map((folder) => close(folder)))
  }
  return {
    // Whoever closes it later waits for the same promise, and so comes after this use of it.
    use: async (folder, work) => (await keep(folder).leased).use(work),
    clear,
    [Symbol.asyncDispose]: clear,
  }
}
