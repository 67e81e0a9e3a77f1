/**
 * @file Loads of requests over kept connections: by callers who each ask again as soon as they are answered, or at
 * random moments, whoever is slow to answer. One client makes both, so that a share of the rate that callers reach is
 * a share of what the machine can do with this client beside the service.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { randomStream } from '../src/random/stream.ts'
import { percentile } from './result.ts'
import type { LoadRequest, Requests } from './served-run.ts'

/** What is asked, by how many callers, and for how many seconds. */
export interface Load {
  readonly requests: Requests
  readonly connections: number
  readonly duration: number
}

/** Milliseconds to an answer, and how many there were. */
export interface LoadTimes {
  readonly total: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/**
 * Every caller asks as soon as the last request is answered.
 * @throws Error where a request fails
 */
export async function eagerLoad(url: string, { requests, connections, duration }: Load): Promise<LoadTimes> {
  await using asking = askingOf(url, connections)
  const caller = async (): Promise<void> => {
    while (asking.elapsed() < 1e3 * duration) await asking.ask(requests(), asking.elapsed())
  }
  await Promise.all(Array.from({ length: connections }, caller))
  return asking.times(duration)
}

/**
 * Asks at random moments, `rate` times a second, as many users do who know nothing of each other. Times count from when
 * a request was due, whether or not a caller was free.
 * @throws Error where a request fails
 */
export async function steadyLoad(
  url: string,
  { requests, connections, duration, rate }: Load & { readonly rate: number },
): Promise<LoadTimes> {
  await using asking = askingOf(url, connections)
  const stream = randomStream(0, 'steady load')
  const under: Promise<void>[] = []
  let due = 0
  for (;;) {
    due -= (1e3 / rate) * Math.log(1 - stream.uniform())
    if (due >= 1e3 * duration) break
    const early = due - asking.elapsed()
    if (early > 0) await sleep(early)
    under.push(asking.ask(requests(), due))
  }
  await Promise.all(under)
  return asking.times(duration)
}

/** Asks over connections that are kept, each with one request under way, and notes how long answers take. */
function askingOf(url: string, connections: number) {
  const pool = new Pool(url, { connections, pipelining: 1 })
  const times: number[] = []
  const failed: number[] = []
  const begun = performance.now()
  const elapsed = (): number => performance.now() - begun
  return {
    /** Milliseconds since the load began. */
    elapsed,
    async ask(request: LoadRequest, due: number): Promise<void> {
      const status = await statusOf(pool, request)
      times.push(elapsed() - due)
      if (status < 200 || status >= 300) failed.push(status)
    },
    times(duration: number): LoadTimes {
      if (failed.length > 0) throw new Error(`${failed.length} of ${times.length} requests failed: ${failed[0]}`)
      return {
        total: times.length,
        perSecond: times.length / Math.max(duration, elapsed() / 1e3),
        p50: percentile(times, 0.5),
        p99: percentile(times, 0.99),
        max: percentile(times, 1),
      }
    },
    [Symbol.asyncDispose]: () => pool.close(),
  }
}

/** The status of an answer once all of it is read; 0 where the connection broke. */
function statusOf(pool: Pool, { method, path, headers, body }: LoadRequest): Promise<number> {
  return new Promise((resolve) => {
    let status = 0
    pool.dispatch(
      { method, path, headers: { ...headers }, body: body ?? null },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, code) => void (status = code),
        onResponseData: () => undefined,
        onResponseEnd: () => resolve(status),
        onResponseError: () => resolve(0),
      },
    )
  })
}
