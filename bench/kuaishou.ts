/**
 * @file `npm run -s bench -- kuaishou [STEP...] [MODEL...] [SHARE] [threads=2] [epochs=1]`: a log of Kuaishou's size,
 * from generating it to lists for single users, exact and by an index. Each step has a process of its own. What steps
 * made, and their figures, stay in a folder, so that each can be done apart. SHARE of the size, 1 by default, is for
 * trying.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../src/errors.ts'
import { inProcess } from './in-process.ts'
import { sizesOf } from './kuaishou-data.ts'
import type { BenchResult } from './result.ts'

const steps = { generate: false, prepare: false, recent: false, train: true, evaluate: true, exact: true, index: true }
const models = ['sasrec', 'm3bsr'] as const
/** What was asked for. */
const limits = {
  prepare: { seconds: 12, peakGigabytes: 2 },
  train: { seconds: 352, peakGigabytes: 8 },
  exact: { p99: 40 },
  index: { p99: 8, recall: 0.98 },
}

type Figures = Record<string, { readonly [figure: string]: unknown }>

/** The slowest lists by exact search, in the median of the time of the processor, beside those of the index. */
export async function kuaishou(): Promise<BenchResult> {
  const words = process.argv.slice(3)
  const named = <Name extends string>(all: readonly Name[]): readonly Name[] => {
    const some = all.filter((name) => words.includes(name))
    return some.length > 0 ? some : all
  }
  const share = Number(words.find((word) => Number(word) > 0) ?? 1)
  const set = (name: string, usual: string): string =>
    words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? usual
  const [threads, epochs] = [set('threads', '2'), set('epochs', '1')]
  const known: readonly string[] = [...Object.keys(steps), ...models, `threads=${threads}`, `epochs=${epochs}`]
  const unknown = words.find((word) => !known.includes(word) && !(Number(word) > 0))
  if (unknown !== undefined)
    throw new UserError({
      where: 'kuaishou',
      problem: 'unknown',
      value: unknown,
      expected: `one of ${known.join(', ')}`,
    })
  const folder = join(tmpdir(), `siftrec-kuaishou-${share}`)
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'figures.json')
  const kept = (): Figures => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Figures) : {})
  for (const step of named(Object.keys(steps) as (keyof typeof steps)[])) {
    for (const model of steps[step] ? named(models) : ['']) {
      const key = model === '' ? step : `${step} ${model}`
      console.error(key)
      const asked = [step, folder, String(share), model, threads, epochs]
      const told = await inProcess<Figures[string]>('kuaishou-run.ts', asked)
      console.error(told)
      // Read anew: another step may have been done meanwhile.
      writeFileSync(file, `${JSON.stringify({ ...kept(), [key]: told }, null, 2)}\n`)
    }
  }
  const figures = kept()
  const halfOf = (step: string): number =>
    (figures[`${step} sasrec`]?.['processor'] as { p50?: number })?.p50 ?? Number.NaN
  const [ours, exact] = [halfOf('index'), halfOf('exact')]
  const unit = 'ms of the processor a list, SASRec by an index and exactly'
  return {
    name: 'kuaishou',
    ours,
    peer: exact,
    ratio: ours / exact,
    unit,
    settings: { ...sizesOf(share), limits, figures },
  }
}
