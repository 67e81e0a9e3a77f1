/** @file A service to measure: `siftrec serve` on a run that was trained for a moment on a shop of 93,466 items. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unknownName } from '../src/errors.ts'
import { randomStream } from '../src/random/stream.ts'
import { freePort } from '../test/fixtures/own-servers.ts'
import { makeMadeUpShop } from './memory-data.ts'
import { train } from './memory-run.ts'

/** As many items as the benches `predict` and `neighbors` have. */
export const servedShop = { events: 1_000_000, users: 60_000, items: 93_466, tastes: 467, text: 256, image: 512 }

/** Small, so that training over so many items fits in little memory. */
const trainingBatch = 32

/** The models that are measured. */
export const servedModels = ['m3bsr', 'sasrec'] as const

/** Folders of a run and its dataset, made unless they are there. */
export interface ServedRun {
  readonly model: string
  readonly run: string
}

/** Makes the runs of the models that the command line names, or of all. */
export async function servedRuns(): Promise<readonly ServedRun[]> {
  const named = process.argv.slice(3).filter((word) => !/^\d/.test(word))
  for (const name of named)
    if (!(servedModels as readonly string[]).includes(name)) throw unknownName('model', name, servedModels)
  const folder = join(tmpdir(), 'siftrec-served')
  const data = await makeMadeUpShop(join(folder, 'shop'), servedShop)
  const runs: ServedRun[] = []
  for (const model of named.length > 0 ? named : servedModels) {
    const run = join(folder, 'runs', model)
    if (!existsSync(join(run, 'model.safetensors'))) {
      console.error(`training ${model} for a moment`)
      await train(data, model, run, trainingBatch)
    }
    runs.push({ model, run })
  }
  console.error('compiling')
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'])
  return runs
}

/** A service that runs. */
export interface Serving extends AsyncDisposable {
  readonly url: string
  /** From the start of the process to a run that is open and a store that answers, in seconds. */
  readonly ready: number
  /** Resident memory now, in MB. */
  memory(): number
  reload(): void
}

/** Starts `siftrec serve` as a user would, with an empty store, and waits until it is ready. */
export async function startServing({ run }: ServedRun): Promise<Serving> {
  const port = await freePort()
  const store = `${run}.bench-events`
  rmSync(store, { recursive: true, force: true })
  const url = `http://127.0.0.1:${port}`
  const args = ['bin/siftrec.js', 'serve', run, '--port', String(port), '--store', store, '--rate', '0', '--quiet']
  const begun = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  await untilReady(url, child)
  return {
    url,
    ready: (performance.now() - begun) / 1e3,
    memory: () => memoryOf(child),
    reload: () => void child.kill('SIGHUP'),
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
      rmSync(store, { recursive: true, force: true })
    },
  }
}

/** Random users ask for lists; every tenth request stores an event. */
export function requestsOf(seed: number): { method: 'GET' | 'POST'; path: string; [more: string]: unknown }[] {
  const stream = randomStream(seed, 'served')
  return Array.from({ length: 1000 }, (_, at) => {
    const user = `u${stream.integer(servedShop.users)}`
    if (at % 10 > 0) return { method: 'GET', path: `/v1/users/${user}/recommendations?top=10` }
    const event = { user, item: `i${stream.integer(servedShop.items)}`, behavior: 'click' }
    return {
      method: 'POST',
      path: '/v1/events',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(event),
    }
  })
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`siftrec serve ended with ${child.exitCode}`)
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function memoryOf({ pid }: ChildProcess): number {
  if (process.platform !== 'linux')
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1e3
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1.024e-3
}
