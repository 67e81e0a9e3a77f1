/** @file `npm run -s bench -- NAME`: measures one figure of docs/benchmarks.md and ends with one JSON line. */
import { UserError, unknownName } from '../src/errors.ts'
import type { BenchResult } from './result.ts'

const benches: Readonly<Record<string, () => Promise<{ [name: string]: unknown }>>> = {
  step: () => import('./step.ts'),
  scientific: () => import('./scientific.ts'),
  prepare: () => import('./prepare.ts'),
  'prepare-rows': async () => ({ 'prepare-rows': (await import('./prepare-rows.ts')).prepareRows }),
  memory: () => import('./memory.ts'),
  predict: () => import('./predict.ts'),
  explain: () => import('./explain.ts'),
  neighbors: () => import('./neighbors.ts'),
  sgp4sr: () => import('./sgp4sr.ts'),
  sgdl: () => import('./sgdl.ts'),
  linear: () => import('./linear.ts'),
  candidates: () => import('./candidates.ts'),
  efficiency: () => import('./efficiency.ts'),
  losses: () => import('./losses.ts'),
  steps: async () => ({ steps: (await import('./steps.ts')).timedSteps }),
  kuaishou: () => import('./kuaishou.ts'),
  growth: () => import('./growth.ts'),
  'loss-steps': async () => ({ 'loss-steps': (await import('./loss-steps.ts')).lossSteps }),
  encode: () => import('./encode.ts'),
  titles: () => import('./titles.ts'),
  events: () => import('./events.ts'),
  startup: () => import('./startup.ts'),
  serve: () => import('./serve.ts'),
  soak: () => import('./soak.ts'),
  crash: () => import('./crash.ts'),
  visible: () => import('./visible.ts'),
  ranks: () => import('./ranks.ts'),
  shard: () => import('./shard.ts'),
  queue: () => import('./queue.ts'),
  'fuzz-api': async () => ({ 'fuzz-api': (await import('./fuzz-api.ts')).fuzzApi }),
  'mb-str-step': async () => ({ 'mb-str-step': (await import('./mb-str-step.ts')).mbStrStep }),
  'm3bsr-step': async () => ({ 'm3bsr-step': (await import('./m3bsr-step.ts')).m3bsrStep }),
  'shop-oracle': async () => ({ 'shop-oracle': (await import('./shop-oracle.ts')).shopOracle }),
  'din-step': async () => ({ 'din-step': (await import('./din-step.ts')).dinStep }),
}

const name = process.argv[2] ?? ''
try {
  const load = benches[name]
  if (!load) throw unknownName('bench', name, Object.keys(benches))
  const bench = (await load())[name] as () => Promise<BenchResult>
  const result = await bench()
  console.log(
    JSON.stringify(result, (_, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(5)) : value)),
  )
} catch (error) {
  if (!(error instanceof UserError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
