/** @file How often one caller may ask: a bucket of tokens each, which fills at a steady rate. */
import { UserError } from '../errors.ts'
import { Refusal } from './refusal.ts'

/** Counts the requests of callers. */
export interface RateLimit {
  /** Takes a token of the caller's. @throws Refusal 429 where none is left, saying when there is one again */
  take(caller: string): void
}

/** The most callers that are remembered; of more, whoever asked least recently begins anew. */
const mostCallers = 10_000

/**
 * A limit.
 * @param perSecond how many requests a second go on for ever; a burst may have twice as many
 * @param now milliseconds, of any clock
 */
export function rateLimit(perSecond: number, now: () => number = performance.now.bind(performance)): RateLimit {
  const buckets = new Map<string, { tokens: number; at: number }>()
  const full = 2 * perSecond
  return {
    take(caller) {
      const time = now()
      const { tokens, at } = buckets.get(caller) ?? { tokens: full, at: time }
      const left = Math.min(full, tokens + ((time - at) / 1000) * perSecond)
      // Set anew, so that the map's order is that of the last request.
      buckets.delete(caller)
      buckets.set(caller, { tokens: left < 1 ? left : left - 1, at: time })
      if (buckets.size > mostCallers) buckets.delete(buckets.keys().next().value as string)
      if (left >= 1) return
      const seconds = Math.max(1, Math.ceil((1 - left) / perSecond))
      const expected = `at most ${perSecond} requests a second`
      throw new Refusal(429, new UserError({ where: 'requests', problem: 'busy', value: 'too many', expected }), {
        'retry-after': String(seconds),
      })
    },
  }
}
