/**
 * @file `npm run -s bench -- serve [SECONDS] [MODEL...]`: lists of ten of 93,466 items over HTTP, for 1, 8 and 32
 * callers at once, then at random moments with 80 % of that rate; every tenth request stores an event. Each list is of
 * another user; then the last two are measured again with a thousand users who ask again and again. At last batches of
 * 64 events beside a hundred lists a second.
 */
import { eagerLoad, type Load, steadyLoad } from './load.ts'
import type { BenchResult } from './result.ts'
import {
  batchesOf,
  type Serving,
  servedRuns,
  servedShop,
  startServing,
  usersAgain,
  usersInTurn,
  withEvents,
} from './served-run.ts'

const callers = [1, 8, 32]
const warming = 3
const share = 0.8
const beside = { batch: 64, writers: 8, lists: 100, readers: 8 }

/** Requests a second of the slowest model with the most callers. */
export async function serve(): Promise<BenchResult> {
  const duration = Number(process.argv.slice(3).find((word) => /^\d+$/.test(word)) ?? 20)
  const rows: Record<string, object> = {}
  const most: number[] = []
  for (const served of await servedRuns()) {
    await using serving = await startServing(served)
    // One after another of all users, from load to load.
    const lists = usersInTurn(1)
    const newly = withEvents(1, lists)
    await eagerLoad(serving.url, { connections: 8, duration: warming, requests: newly })
    const told = <Row extends { readonly perSecond: number }>(name: string, row: Row): Row => {
      rows[`${served.model}, ${name}`] = row
      console.error(`${served.model}, ${name}: ${JSON.stringify(row)}, ${serving.memory().toFixed()} MB`)
      return row
    }
    const measure = async (name: string, more: Partial<Load>): Promise<number> => {
      const asked = { connections: 32, duration, requests: newly, ...more }
      const [row, processorMs] = await withProcessor(serving, () => eagerLoad(serving.url, asked))
      return told(name, { ...row, processorMs }).perSecond
    }
    const steadily = async (name: string, asked: Omit<Parameters<typeof steadyLoad>[1], 'duration'>): Promise<void> => {
      const [row, processorMs] = await withProcessor(serving, () => steadyLoad(serving.url, { ...asked, duration }))
      told(name, { ...row, processorMs })
    }
    let saturated = 0
    for (const connections of callers) saturated = await measure(`${connections} at once`, { connections })
    most.push(saturated)
    const shareOf = (perSecond: number): number => Math.max(1, Math.floor(share * perSecond))
    await steadily(`${100 * share} % of that`, { connections: 32, requests: newly, rate: shareOf(saturated) })
    const again = withEvents(2, usersAgain(2))
    await eagerLoad(serving.url, { connections: 32, duration: warming, requests: again })
    const returning = await measure('32 at once, users who come again', { requests: again })
    const steadyAgain = { connections: 32, requests: again, rate: shareOf(returning) }
    await steadily(`${100 * share} % of that, users who come again`, steadyAgain)
    const { batch, writers, readers } = beside
    const [events] = await Promise.all([
      measure(`batches of ${batch} events`, { connections: writers, requests: batchesOf(4, batch) }),
      steadily('lists beside them', { connections: readers, requests: lists, rate: beside.lists }),
    ])
    console.error(`${served.model}: ${(events * batch).toFixed()} events a second`)
  }
  const settings = { ...servedShop, duration, beside, rows }
  const unit = `requests/s with ${callers.at(-1)} callers, the slowest model`
  return { name: 'serve', ours: Math.min(...most), peer: null, ratio: null, unit, settings }
}

/** A load, and the time that the service had of the processor for each of its requests. */
async function withProcessor<Row extends { readonly total: number }>(
  serving: Serving,
  asking: () => Promise<Row>,
): Promise<readonly [row: Row, processorMs: number]> {
  const before = serving.processor() ?? Number.NaN
  const row = await asking()
  return [row, (1000 * ((serving.processor() ?? Number.NaN) - before)) / row.total]
}
