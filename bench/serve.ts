/**
 * @file `npm run -s bench -- serve [SECONDS] [MODEL...]`: lists of ten of 93,466 items over HTTP, for 1, 8 and 32
 * callers at once; every tenth request stores an event.
 */
import autocannon from 'autocannon'
import type { BenchResult } from './result.ts'
import { requestsOf, servedRuns, servedShop, startServing } from './served-run.ts'

const callers = [1, 8, 32]
const warming = 3

/** Requests a second of the slowest model with the most callers. */
export async function serve(): Promise<BenchResult> {
  const duration = Number(process.argv.slice(3).find((word) => /^\d+$/.test(word)) ?? 20)
  const rows: Record<string, object> = {}
  const most: number[] = []
  for (const served of await servedRuns()) {
    await using serving = await startServing(served)
    const { url } = serving
    await autocannon({ url, connections: 8, duration: warming, requests: requestsOf(1) })
    for (const connections of callers) {
      const { requests, latency, errors, non2xx } = await autocannon({
        url,
        connections,
        duration,
        requests: requestsOf(2),
      })
      if (errors + non2xx > 0) throw new Error(`${errors} errors and ${non2xx} refusals of ${requests.total} requests`)
      const row = { perSecond: requests.average, p50: latency.p50, p99: latency.p99, max: latency.max }
      rows[`${served.model}, ${connections} at once`] = row
      console.error(`${served.model}, ${connections} at once: ${JSON.stringify(row)}, ${serving.memory().toFixed()} MB`)
      if (connections === callers.at(-1)) most.push(requests.average)
    }
  }
  const settings = { ...servedShop, duration, rows }
  const unit = `requests/s with ${callers.at(-1)} callers, the slowest model`
  return { name: 'serve', ours: Math.min(...most), peer: null, ratio: null, unit, settings }
}
