/** @file A service to measure: `siftrec serve` on a run that was trained for a moment on a shop of 93,466 items. */
import { type ChildProcess, execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { unknownName } from '../src/errors.ts'
import { type RandomStream, randomStream } from '../src/random/stream.ts'
import { serveProcess } from '../test/fixtures/serve-process.ts'
import { makeMadeUpShop } from './memory-data.ts'
import { train } from './memory-run.ts'

/** As many items as the benches `predict` and `neighbors` have. */
export const servedShop = { events: 1_000_000, users: 60_000, items: 93_466, tastes: 467, text: 256, image: 512 }

/** Small, so that training over so many items fits in little memory. */
const trainingBatch = 32

/** The models that are measured. */
export const servedModels = ['m3bsr', 'sasrec', 'm3bsr+diff-msin'] as const

/** The folder of a run, and of the one that orders what it retrieves, made unless they are there. */
export interface ServedRun {
  readonly model: string
  readonly run: string
  readonly rank?: string
}

/** Makes the runs of the models that the command line names, or of all. */
export async function servedRuns(): Promise<readonly ServedRun[]> {
  const named = process.argv.slice(3).filter((word) => !/^[\d-]/.test(word))
  for (const name of named)
    if (!(servedModels as readonly string[]).includes(name)) throw unknownName('model', name, servedModels)
  const folder = join(tmpdir(), 'siftrec-served')
  const data = await makeMadeUpShop(join(folder, 'shop'), servedShop)
  const runs: ServedRun[] = []
  for (const model of named.length > 0 ? named : servedModels) {
    const trained: string[] = []
    for (const one of model.split('+')) {
      const run = join(folder, 'runs', one)
      trained.push(run)
      if (existsSync(join(run, 'model.safetensors'))) continue
      console.error(`training ${one} for a moment`)
      await train(data, one, run, trainingBatch)
    }
    const [run = '', rank] = trained
    runs.push({ model, run, ...(rank !== undefined && { rank }) })
  }
  compileCommand()
  return runs
}

/**
 * Compiles the sources, and bundles the command line as `npm run build` does.
 * @returns node and the command line's file, which it runs
 */
export function compileCommand(): readonly string[] {
  console.error('compiling')
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'])
  execFileSync(process.execPath, ['--import', 'tsx', 'tools/bundle-command.ts'])
  return [process.execPath, resolve('bin/siftrec.js')]
}

/** A service that runs. */
export interface Serving extends AsyncDisposable {
  readonly url: string
  /** From the start of the process to a run that is open and a store that answers, in seconds. */
  readonly ready: number
  /** Resident memory now, in MB. */
  memory(): number
  /** Seconds of the processor that it has taken since it began; undefined where the system does not say. */
  processor(): number | undefined
  reload(): void
}

/** Starts `siftrec serve` as a user would, with an empty store, and waits until it is ready. */
export async function startServing({ run, rank }: ServedRun): Promise<Serving> {
  const store = `${run}.bench-events`
  rmSync(store, { recursive: true, force: true })
  const command = [process.execPath, 'bin/siftrec.js']
  const served = await serveProcess({ command, run, ...(rank !== undefined && { rank }), store, heard: true })
  const { child, url, ready } = served
  return {
    url,
    ready,
    memory: () => memoryOf(child),
    processor: () => processorOf(child),
    reload: () => void child.kill('SIGHUP'),
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      rmSync(store, { recursive: true, force: true })
    },
  }
}

/** A request of a load. */
export interface LoadRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** JSON. */
  readonly body?: string
}

const postOf = (events: object): LoadRequest => ({
  method: 'POST',
  path: '/v1/events',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(events),
})

/** Makes one request after another. */
export type Requests = () => LoadRequest

/** Batches of events of random users. */
export function batchesOf(seed: number, size: number): Requests {
  const stream = randomStream(seed, 'served batches')
  const event = (): object => ({ user: `u${stream.integer(servedShop.users)}`, ...click(stream) })
  return () => postOf(Array.from({ length: size }, event))
}

/** A list for each user in turn, and all anew: none is kept until its user's next turn. */
export function usersInTurn(seed: number): Requests {
  const users = allUsers(seed)
  let at = 0
  return () => listOf(users[at++ % users.length] as number)
}

/** Lists for a thousand users again and again. */
export function usersAgain(seed: number): Requests {
  const users = allUsers(seed).slice(0, 1000)
  const stream = randomStream(seed, 'served again')
  return () => listOf(users[stream.integer(users.length)] as number)
}

/** The same requests, of which every tenth stores an event of the user whose list would be asked for. */
export function withEvents(seed: number, lists: Requests): Requests {
  const stream = randomStream(seed, 'served events')
  let at = 0
  return () => {
    const list = lists()
    if (at++ % 10 > 0) return list
    const user = list.path.split('/')[3]
    return postOf({ user, ...click(stream) })
  }
}

/** All users at random, each once. */
const allUsers = (seed: number): Int32Array =>
  randomStream(seed, 'served users').shuffle(Int32Array.from({ length: servedShop.users }, (_, at) => at))

const listOf = (user: number): LoadRequest => ({ method: 'GET', path: `/v1/users/u${user}/recommendations?top=10` })

const click = (stream: RandomStream): object => ({ item: `i${stream.integer(servedShop.items)}`, behavior: 'click' })

function memoryOf({ pid }: ChildProcess): number {
  if (process.platform !== 'linux')
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1e3
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1.024e-3
}

/** Hundredths of a second that a process ran for itself and in the system lie behind its name, which ends with `)`. */
function processorOf({ pid }: ChildProcess): number | undefined {
  if (process.platform !== 'linux') return undefined
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}
