/** @file `npm run -s bench -- movies [ablations]`: `siftrec experiment movies` or `movies-ablation`, in one line. */
import { briefly, experimentResults, variantOf } from './experiment.ts'
import type { BenchResult } from './result.ts'

const limitSeconds = 600

/** Seconds of one M³BSR training by leave-one-out, and every protocol's figures. */
export async function movies(): Promise<BenchResult> {
  const results = await experimentResults(process.argv.includes('ablations') ? 'movies-ablation' : 'movies')
  const seconds = variantOf(results[0], 'M³BSR')?.seconds ?? Number.NaN
  const settings = Object.fromEntries(results.map((result) => [result.title, briefly(result)]))
  return {
    name: 'movies',
    ours: seconds,
    peer: limitSeconds,
    ratio: seconds / limitSeconds,
    unit: 's of training',
    settings,
  }
}
