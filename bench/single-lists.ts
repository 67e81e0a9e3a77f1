/** @file Lists for single users, one after the other, and what each takes. */
import { excludedItems } from '../src/dataset/candidates.ts'
import { someHistories } from '../src/dataset/histories.ts'
import { type ScoredItem, topItems } from '../src/dataset/top-items.ts'
import { bestLeft, listLengths } from '../src/rank/best-left.ts'
import type { OpenRun } from '../src/runs/open-run.ts'
import type { Taken } from './in-process.ts'
import { percentile } from './result.ts'

/** How many requests are timed, after some that warm up. */
export const requests = { timed: 500, warming: 20, top: 10 } as const

/** A moment, by the clock and of the processor. */
export type Clock = Readonly<{ at: number; used: NodeJS.CpuUsage }>
/** Now. */
export const clock = (): Clock => ({ at: performance.now(), used: process.cpuUsage() })
/** What has passed since then. */
export function since({ at, used }: Clock): Omit<Taken, 'peakGigabytes'> {
  const { user, system } = process.cpuUsage(used)
  return { seconds: (performance.now() - at) / 1e3, processorSeconds: (user + system) / 1e6 }
}

/** The histories that lists are made for. */
export const asked = ({ dataset }: OpenRun) => someHistories(dataset, requests.timed + requests.warming)

/** The lists of some users, one after the other, as a service makes them; milliseconds of each. */
export async function timed(run: OpenRun) {
  const { scorer, dataset } = run
  const { top, warming } = requests
  const [wall, processor]: [number[], number[]] = [[], []]
  const lists: (readonly ScoredItem[])[] = []
  let whole = 0
  for (const [at, history] of asked(run).entries()) {
    const began = clock()
    const own = { excluded: excludedItems(dataset, history), itemCount: scorer.itemCount }
    let list: readonly ScoredItem[] | undefined
    for (const length of listLengths(top, scorer)) {
      const [best = []] = (await scorer.best?.([history], length)) ?? []
      list = bestLeft(best, top, own)
      if (list) break
    }
    if (!list) whole++
    list ??= topItems(await scorer.score([history]), top, own.excluded)
    const { seconds, processorSeconds } = since(began)
    lists.push(list)
    if (at < warming) continue
    wall.push(1e3 * seconds)
    processor.push(1e3 * processorSeconds)
  }
  const told = (times: readonly number[]) => ({ p50: percentile(times, 0.5), p99: percentile(times, 0.99) })
  return { lists, wall: told(wall), processor: told(processor), withAllScores: whole }
}
