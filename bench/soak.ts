/**
 * @file `npm run -s bench -- soak [MINUTES] [MODEL]`: a service at 80 % of the rate that 32 callers reach at first,
 * reloaded ten times meanwhile. No request may fail, and memory may not grow.
 */
import { eagerLoad, steadyLoad } from './load.ts'
import { type BenchResult, median } from './result.ts'
import { type ServedRun, servedRuns, servedShop, startServing, usersInTurn, withEvents } from './served-run.ts'

const share = 0.8
const saturating = 10
const reloads = 10
const callers = 32

/** How many MB memory grew from the second tenth of the time to the last. @throws Error where a request fails */
export async function soak(): Promise<BenchResult> {
  const minutes = Number(process.argv.slice(3).find((word) => /^[\d.]+$/.test(word)) ?? 60)
  const [first] = await servedRuns()
  const served = first as ServedRun
  await using serving = await startServing(served)
  const requests = withEvents(1, usersInTurn(1))
  const warm = { requests, connections: callers, duration: saturating }
  await eagerLoad(serving.url, warm)
  const rate = Math.floor(share * (await eagerLoad(serving.url, warm)).perSecond)
  console.error(`${100 * share} % of saturation: ${rate} requests a second`)
  const part = Math.ceil((60 * minutes) / reloads)
  const held: number[][] = []
  let [asked, slowest] = [0, 0]
  for (let turn = 0; turn < reloads; turn++) {
    const samples: number[] = []
    const sampling = setInterval(() => samples.push(serving.memory()), 1000)
    // In the midst of requests, so that some are under way.
    const reloading = setTimeout(() => serving.reload(), (part * 1000) / 2)
    const load = { requests, rate, connections: callers, duration: part }
    const { total, p99, max } = await steadyLoad(serving.url, load).finally(() => {
      clearInterval(sampling)
      clearTimeout(reloading)
    })
    held.push(samples)
    asked += total
    slowest = Math.max(slowest, max)
    const told = `${total} requests, p99 ${p99.toFixed(1)} ms, ${median(samples).toFixed()} MB`
    console.error(`part ${turn + 1} of ${reloads}: ${told}`)
  }
  const memory = held.map((samples) => median(samples))
  const ours = (memory.at(-1) as number) - (memory[1] as number)
  const settings = { ...servedShop, model: served.model, minutes, rate, callers, reloads, asked, slowest, memory }
  return { name: 'soak', ours, peer: null, ratio: null, unit: 'MB of growth, no request failed', settings }
}
