/** @file Reads many fuzz cases in processes of their own, so that a crash or a hang is an outcome too. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Outcome, Verdict } from './case.ts'

/** The kinds of files, and their share of all cases. */
export const kinds = {
  'CSV and TSV': 0.3,
  'JSON lines': 0.2,
  Parquet: 0.1,
  YAML: 0.15,
  safetensors: 0.1,
  JSON: 0.1,
  pictures: 0.05,
} as const
/** A kind of file. */
export type Kind = keyof typeof kinds

/** What came of the cases of one kind. */
export type KindCount = Record<Outcome | 'cases' | 'crashed' | 'hung', number>

/** What came of all. */
export interface FuzzCount {
  readonly seed: number
  readonly kinds: Record<Kind, KindCount>
  /** Every case that is not as it should be: its kind, its number, and what was wrong. */
  readonly wrong: readonly string[]
}

/** A case that takes longer, in milliseconds, hangs. */
const longest = 60_000

/**
 * Reads so many cases, in two processes.
 * @param only the number of a single case, to look at it again
 * @param script what each process runs: worker.ts, or what was compiled of it
 */
export async function fuzz(
  cases: number,
  seed: number,
  {
    report = () => undefined,
    only,
    script = fileURLToPath(new URL('worker.ts', import.meta.url)),
  }: { report?: (line: string) => void; only?: { kind: Kind; at: number } | undefined; script?: string } = {},
): Promise<FuzzCount> {
  const planned = only
    ? [only]
    : (Object.keys(kinds) as Kind[]).flatMap((kind) =>
        Array.from({ length: Math.round(cases * kinds[kind]) }, (_, at) => ({ kind, at })),
      )
  const none = (): KindCount => ({ cases: 0, right: 0, refused: 0, unjudged: 0, wrong: 0, crashed: 0, hung: 0 })
  const counts = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, none()])) as Record<Kind, KindCount>
  const wrong: string[] = []
  // The readers' folders lie in it, so that nothing is left of those that crash or hang.
  const folder = mkdtempSync(join(tmpdir(), 'siftrec-fuzz-'))
  let next = 0
  const work = async (): Promise<void> => {
    let reader = await startReader(script, folder)
    while (next < planned.length) {
      const { kind, at } = planned[next++] as (typeof planned)[number]
      const verdict = await ask(reader, { kind, seed, at })
      const count = counts[kind]
      count.cases++
      if (typeof verdict === 'string') {
        count[verdict]++
        wrong.push(`${kind} ${at}: ${verdict}`)
        reader.kill('SIGKILL')
        reader = await startReader(script, folder)
      } else {
        count[verdict.outcome]++
        if (verdict.outcome === 'wrong') wrong.push(`${kind} ${at}: ${verdict.detail}`)
        if (only) report(`${verdict.outcome}: ${verdict.detail}`)
      }
      if (next % 500 === 0) report(`${next} of ${planned.length} cases, ${wrong.length} wrong`)
    }
    reader.kill()
    await once(reader, 'exit')
  }
  try {
    await Promise.all([work(), work()])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return { seed, kinds: counts, wrong: wrong.sort() }
}

async function startReader(script: string, folder: string): Promise<ChildProcess> {
  const through = script.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : []
  const reader = fork(script, {
    execArgv: [...through, '--max-old-space-size=2048'],
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  await once(reader, 'message')
  return reader
}

function ask(
  reader: ChildProcess,
  request: { kind: Kind; seed: number; at: number },
): Promise<Verdict | 'crashed' | 'hung'> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => end('hung'), longest)
    const end = (outcome: Verdict | 'crashed' | 'hung'): void => {
      clearTimeout(timer)
      reader.off('message', answered)
      reader.off('exit', died)
      resolve(outcome)
    }
    const answered = (message: unknown): void => end(message as Verdict)
    const died = (): void => end('crashed')
    reader.on('message', answered)
    reader.on('exit', died)
    reader.send(request)
  })
}
