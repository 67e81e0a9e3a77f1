/**
 * @file `npm run -s bench -- queue [KILLS]`: an experiment through a queue whose workers are killed with -9 in the
 * middle of a training, one after the other. The figure is the number of cells that were lost, done twice, or that came
 * to something else than without a queue.
 */
import { execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomStream } from '../src/random/stream.ts'
import { compile } from '../test/fixtures/compile.ts'
import { startRedis } from '../test/fixtures/own-servers.ts'
import { prepareTinyShop, writeTinyShop } from '../test/fixtures/tiny-shop.ts'
import type { BenchResult } from './result.ts'

/** Two models and six seeds, long enough that a kill comes in the middle. */
const experiment = `datasets: [data]
seeds: [1, 2, 3, 4, 5, 6]
metrics: [ndcg@10]
models:
  - { name: narrow, model: sasrec, config: { hiddenSize: 8, maxLength: 8 }, training: { epochs: 40, patience: 40, batchSize: 8 } }
  - { name: wide, model: sasrec, config: { hiddenSize: 32, maxLength: 8 }, training: { epochs: 40, patience: 40, batchSize: 8 } }
`
const cellCount = 12
const [workerCount, deadAfter] = [2, 2]

/** A process and what it said. */
interface Going {
  readonly pid: number
  readonly said: () => string
  readonly ended: Promise<number | null>
  readonly kill: (signal: NodeJS.Signals) => void
}

/** Wrong cells after so many kills. */
export async function queue(): Promise<BenchResult> {
  const kills = Number(process.argv[3] ?? 20)
  const compiled = await compile()
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'siftrec-queue-')))
  try {
    await using server = await startRedis()
    const start = (cwd: string, ...args: string[]): Going => started(compiled, cwd, args)
    const place = async (name: string): Promise<string> => {
      const cwd = join(folder, name)
      mkdirSync(cwd)
      writeTinyShop(cwd)
      writeFileSync(join(cwd, 'mine.yaml'), experiment)
      await well(start(cwd, ...prepareTinyShop))
      return cwd
    }
    const alone = await place('alone')
    await well(start(alone, 'experiment', 'mine.yaml'))
    const cwd = await place('queued')
    const began = performance.now()
    const asking = start(cwd, 'experiment', 'mine.yaml', '--queue', server.url)
    const worker = (): Going => start(cwd, 'worker', '--queue', server.url, '--dead-after', String(deadAfter))
    const all = Array.from({ length: workerCount }, worker)
    const killed = await killMany({ kills, cwd, worker, all, over: asking.ended })
    await well(asking)
    const seconds = (performance.now() - began) / 1e3
    for (const one of all.slice(killed)) one.kill('SIGINT')
    await Promise.all(all.map(({ ended }) => ended))
    const found = wrongOf(
      alone,
      cwd,
      all.map(({ said }) => said()),
    )
    const settings = { kills: killed, cells: cellCount, workers: workerCount, deadAfter, seconds, ...found }
    const wrong = found.lost + found.twice + found.different
    return {
      name: 'queue',
      ours: wrong,
      peer: null,
      ratio: null,
      unit: 'cells lost, done twice or different',
      settings,
    }
  } finally {
    for (const left of [folder, compiled]) rmSync(left, { recursive: true, force: true })
  }
}

function started(compiled: string, cwd: string, args: readonly string[]): Going {
  const child = spawn(process.execPath, [join(compiled, 'src/command/main.js'), ...args], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  return { pid: child.pid as number, said: () => said, ended, kill: (signal) => child.kill(signal) }
}

async function well({ ended, said }: Going): Promise<void> {
  const code = await ended
  if (code !== 0) throw new Error(`a command ended with ${code}: ${said()}`)
}

interface Killing {
  readonly kills: number
  readonly cwd: string
  readonly worker: () => Going
  /** Every worker in the order of its start: the oldest that lives is the next to be killed. */
  readonly all: Going[]
  readonly over: Promise<unknown>
}

/** Kills the oldest worker and starts another, again and again; returns how many were in the middle of a training. */
async function killMany({ kills, cwd, worker, all, over }: Killing): Promise<number> {
  const random = randomStream(1, 'queue kills')
  let killed = 0
  const asking = { ended: false }
  void over.then(() => {
    asking.ended = true
  })
  while (killed < kills && !asking.ended) {
    const next = all[killed] as Going
    const since = Date.now()
    // An epoch of its own, and some time more.
    while (!asking.ended && !hasTrained(cwd, next.pid, since)) await sleep(20)
    await sleep(random.integer(500))
    if (asking.ended || trainedBy(cwd, next.pid) === undefined) continue
    next.kill('SIGKILL')
    await next.ended
    killed++
    process.stderr.write(`killed ${killed} of ${kills}\n`)
    all.push(worker())
  }
  return killed
}

const cellsIn = (cwd: string): string[] => {
  const cells = join(cwd, 'runs', 'experiments', 'cells')
  return existsSync(cells) ? readdirSync(cells).map((cell) => join(cells, cell)) : []
}

/** The cell that a process of a worker trains. */
const trainedBy = (cwd: string, worker: number): string | undefined =>
  cellsIn(cwd).find((cell) => {
    try {
      const { process: owner } = JSON.parse(readFileSync(join(cell, 'lock'), 'utf8')) as { process: number }
      return Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(owner)], { encoding: 'utf8' })) === worker
    } catch {
      // No lock, one that is just taken, or one of a process that is gone.
      return false
    }
  })

function hasTrained(cwd: string, worker: number, since: number): boolean {
  const cell = trainedBy(cwd, worker)
  const path = join(cell ?? '', 'checkpoint.safetensors')
  return cell !== undefined && existsSync(path) && statSync(path).mtimeMs > since
}

function wrongOf(alone: string, cwd: string, said: readonly string[]): Record<'lost' | 'twice' | 'different', number> {
  const ended = said.flatMap((text) => [...text.matchAll(/^(.+): ended after/gm)].map(([, label = '']) => label))
  const tested = (at: string): Map<string, string> =>
    new Map(
      cellsIn(at).flatMap((cell) => {
        const path = join(cell, 'tested.json')
        return existsSync(path) ? [[cell.slice(at.length), readFileSync(path, 'utf8')] as const] : []
      }),
    )
  const [reference, found] = [tested(alone), tested(cwd)]
  const page = (at: string): string => readFileSync(join(at, 'results', 'mine.json'), 'utf8')
  const others = [...reference].filter(([cell, text]) => found.has(cell) && found.get(cell) !== text).length
  return {
    lost: cellCount - found.size,
    twice: ended.length - new Set(ended).size,
    different: others + (page(alone) === page(cwd) ? 0 : 1),
  }
}
