/** @file Tells the log that the store is away, and why: answers say neither where it is nor what it said. */
import { StoreUnavailable } from '../store/event-store.ts'
import type { Logger } from './log.ts'

/** A line a minute is enough: while the store is away every request fails. */
const minute = 60_000

/** @returns what is given each error of a request, and logs those of the store, one a minute at most */
export function storeAway(log: Pick<Logger, 'error'>): (error: unknown) => void {
  let told = Number.NEGATIVE_INFINITY
  return (error) => {
    if (!(error instanceof StoreUnavailable)) return
    const { cause = error } = error
    const now = performance.now()
    if (now - told < minute) return
    told = now
    const what = cause instanceof StoreUnavailable ? 'the store cannot be reached' : 'not ready'
    const why = cause instanceof Error ? cause.message : String(cause)
    log.error({ why }, `${what}: requests are answered by 503`)
  }
}
