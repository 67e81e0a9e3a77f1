/**
 * @file A load at a steady rate, whoever is slow to answer. autocannon sends the requests of each second as fast as
 * they are answered and pauses for the rest of it, and adds made-up times to those that it measured: its times at a
 * share of the highest rate are those of the highest rate.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { randomStream } from '../src/random/stream.ts'
import { percentile } from './result.ts'
import type { LoadRequest } from './served-run.ts'

/** What is asked, how often, by how many callers, and for how many seconds. */
export interface SteadyLoad {
  readonly requests: readonly LoadRequest[]
  /** Requests a second. */
  readonly rate: number
  readonly connections: number
  readonly duration: number
}

/** Milliseconds from when a request was due, whether or not a caller was free, to its answer. */
export interface SteadyTimes {
  readonly total: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/**
 * Asks at random moments, as many users do who know nothing of each other.
 * @throws Error where a request fails
 */
export async function steadyLoad(url: string, asked: SteadyLoad): Promise<SteadyTimes> {
  const { rate, connections, duration } = asked
  const { requests } = asked
  await using pool = poolOf(url, connections)
  const stream = randomStream(0, 'steady load')
  const times: number[] = []
  const failed: number[] = []
  const under: Promise<void>[] = []
  const begun = performance.now()
  const ask = async (request: LoadRequest, due: number): Promise<void> => {
    const status = await pool.ask(request)
    times.push(performance.now() - begun - due)
    if (status < 200 || status >= 300) failed.push(status)
  }
  let due = 0
  for (let at = 0; ; at++) {
    due -= (1e3 / rate) * Math.log(1 - stream.uniform())
    if (due >= 1e3 * duration) break
    const early = due - (performance.now() - begun)
    if (early > 0) await sleep(early)
    under.push(ask(requests[at % requests.length] as LoadRequest, due))
  }
  await Promise.all(under)
  if (failed.length > 0) throw new Error(`${failed.length} of ${times.length} requests failed: ${failed[0]}`)
  const seconds = Math.max(duration, (performance.now() - begun) / 1e3)
  return {
    total: times.length,
    perSecond: times.length / seconds,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    max: percentile(times, 1),
  }
}

/** Connections that are kept, each with one request under way; node's own client takes several times the processor. */
function poolOf(url: string, connections: number) {
  const pool = new Pool(url, { connections, pipelining: 1 })
  return {
    /** The status of the answer once all of it is read; 0 where the connection broke. */
    ask: ({ method, path, headers, body }: LoadRequest): Promise<number> =>
      new Promise((resolve) => {
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
      }),
    [Symbol.asyncDispose]: () => pool.close(),
  }
}
