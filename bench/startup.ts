/** @file `npm run -s bench -- startup [MODEL...]`: from `siftrec serve` to `/readyz`, the median of five starts. */
import { type BenchResult, median } from './result.ts'
import { servedRuns, servedShop, startServing } from './served-run.ts'

const starts = 5

/** Seconds until the slowest model is ready. */
export async function startup(): Promise<BenchResult> {
  const seconds: Record<string, number> = {}
  for (const served of await servedRuns()) {
    const [measured, processor]: [number[], number[]] = [[], []]
    for (let start = 0; start < starts; start++) {
      await using serving = await startServing(served)
      measured.push(serving.ready)
      processor.push(serving.processor() ?? Number.NaN)
    }
    seconds[served.model] = median(measured)
    const took = (times: readonly number[]): string => times.map((one) => one.toFixed(2)).join(', ')
    console.error(`${served.model}: ${took(measured)} s; of the processor ${took(processor)} s`)
  }
  const ours = Math.max(...Object.values(seconds))
  const settings = { ...servedShop, starts, seconds }
  return { name: 'startup', ours, peer: null, ratio: null, unit: 's until /readyz, the slowest model', settings }
}
