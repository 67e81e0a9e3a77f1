/**
 * @file Several processes that serve one port. The first one serves nobody: it starts the others, replaces those that
 * die, and carries a reload from one to all.
 */
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { type ErrorParts, UserError } from '../errors.ts'
import type { Logger } from '../http/log.ts'
import { turns } from '../runtime/runtime.ts'
import type { RunFolders } from '../serve/service.ts'
import { type Together, untilStopped } from './serving.ts'

/** The variable that tells a worker which runs to open, once others were loaded than the command line says. */
const runsVariable = 'SIFTREC_SERVED_RUNS'

/** What processes tell each other. A question and its answer have one number. */
type Message =
  | { readonly siftrec: 'reload'; readonly number: number; readonly runs: RunFolders }
  | { readonly siftrec: 'metrics'; readonly number: number }
  | { readonly siftrec: 'answer'; readonly number: number; readonly text: string }
  | { readonly siftrec: 'refusal'; readonly number: number; readonly error: string; readonly parts?: ErrorParts }

const isMessage = (message: unknown): message is Message =>
  typeof message === 'object' && message !== null && 'siftrec' in message

/** Whether this process was started to serve beside others. */
export const isWorker = cluster.isWorker

/** The runs to open: those of the command line, unless others were loaded since. */
export const servedRuns = (given: RunFolders): RunFolders => {
  const told = process.env[runsVariable]
  return told === undefined ? given : (JSON.parse(told) as RunFolders)
}

/** Asks another process, and waits for its answer. */
type Ask = (question: { siftrec: 'reload'; runs: RunFolders } | { siftrec: 'metrics' }) => Promise<string>

/** Sends a message, and says afterwards whether that failed. */
type Send = (message: Message, sent: (error: Error | null) => void) => void
/** Questions of one process to another. */
interface Questions {
  readonly ask: Ask
  /** Is given each message of the other one. */
  readonly answered: (message: Message) => void
  /** The other one is gone: nothing will be answered any more. */
  readonly end: () => void
}

/** Questions that are sent, and waited for until they are answered. */
function questions(send: Send): Questions {
  const waiting = new Map<number, { resolve: (text: string) => void; reject: (error: Error) => void }>()
  let asked = 0
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        waiting.set(++asked, { resolve, reject })
        send({ ...question, number: asked }, (error) => error && reject(error))
      }),
    answered(message) {
      const asked = waiting.get(message.number)
      if (message.siftrec === 'answer') asked?.resolve(message.text)
      else if (message.siftrec === 'refusal')
        asked?.reject(message.parts ? new UserError(message.parts) : new Error(message.error))
      else return
      waiting.delete(message.number)
    },
    end() {
      for (const { reject } of waiting.values()) reject(new Error('the process is gone'))
      waiting.clear()
    },
  }
}

async function answerTo(number: number, work: () => Promise<string>): Promise<Message> {
  try {
    return { siftrec: 'answer', number, text: await work() }
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error)
    return { siftrec: 'refusal', number, error: told, ...(error instanceof UserError && { parts: error.parts }) }
  }
}

/** What a worker does with the others: it asks the first process. */
export async function besideOthers(): Promise<Together> {
  const { AggregatorRegistry } = await import('prom-client')
  // It answers the first process when that one collects the metrics.
  void new AggregatorRegistry()
  const send: Send = (message, sent) => void process.send?.(message, undefined, undefined, sent)
  const reply = (message: Message): void => send(message, () => undefined)
  const { ask, answered } = questions(send)
  let reloadThis: (runs: RunFolders) => Promise<void> = async () => undefined
  process.on('message', (message: unknown) => {
    if (!isMessage(message)) return
    answered(message)
    if (message.siftrec === 'reload')
      void answerTo(message.number, async () => {
        await reloadThis(message.runs)
        return ''
      }).then(reply)
  })
  return {
    async reload(runs) {
      await ask({ siftrec: 'reload', runs })
    },
    metricsText: () => ask({ siftrec: 'metrics' }),
    reloads(reload) {
      reloadThis = reload
    },
  }
}

/** Starts workers and keeps their number until a signal ends all. @returns the exit code of a first one that failed */
export async function serveByWorkers(count: number, given: RunFolders, log: Logger): Promise<number> {
  const stopped = untilStopped()
  const workers = await keptWorkers(given, log)
  // The first one alone tells what is wrong with the runs or the port.
  const first = workers.start()
  const failed = await Promise.race([
    once(first, 'listening').then(() => undefined),
    once(first, 'exit').then(([code]) => Number(code ?? 1)),
    stopped,
  ])
  if (failed !== undefined) return failed
  workers.keep()
  for (let at = 1; at < count; at++) workers.start()
  // Lines of workers have their own processes, which heed no SIGHUP and are replaced when they are ended.
  log.info({ pid: process.pid, workers: count }, 'signals go to this process')
  process.on('SIGHUP', () => void workers.reload())
  await stopped
  await workers.stop()
  return 0
}

/** Workers, and what is carried from one to the others. */
interface KeptWorkers {
  start(): Worker
  /** From now on, one that ends is followed by another. */
  keep(): void
  reload(): Promise<void>
  stop(): Promise<void>
}

async function keptWorkers(given: RunFolders, log: Logger): Promise<KeptWorkers> {
  const { AggregatorRegistry } = await import('prom-client')
  const all = new AggregatorRegistry()
  /** Those that serve, and how to ask them. */
  const serving = new Map<Worker, Ask>()
  const restarts = new Set<NodeJS.Timeout>()
  let [runs, kept, delay] = [given, false, 0]

  /** One that does not manage what another one has managed is replaced. */
  async function follow(worker: Worker, ask: Ask, changed: RunFolders): Promise<void> {
    await ask({ siftrec: 'reload', runs: changed }).catch(() => kept && worker.process.kill('SIGTERM'))
  }
  /** One tries, and then the others. */
  async function reloadAll(first: Worker | undefined, changed: RunFolders): Promise<void> {
    await (first && serving.get(first))?.({ siftrec: 'reload', runs: changed })
    runs = { ...runs, ...changed }
    const others = [...serving].filter(([worker]) => worker !== first)
    await Promise.all(others.map(([worker, ask]) => follow(worker, ask, changed)))
  }
  const turn = turns()
  /** Reloads come one after the other, or two at once could leave workers with different runs. */
  const reload = (first: Worker | undefined, changed: RunFolders): Promise<void> =>
    turn(() => reloadAll(first, changed))

  function answer(worker: Worker, message: Message): void {
    const reply = (work: () => Promise<string>): void => {
      // One that is gone needs no answer.
      void answerTo(message.number, work).then((told) => worker.send(told, undefined, undefined, () => undefined))
    }
    if (message.siftrec === 'metrics') reply(() => all.clusterMetrics())
    if (message.siftrec === 'reload') reply(() => reload(worker, message.runs).then(() => ''))
  }

  function ended(worker: Worker, code: number | null): void {
    const served = serving.delete(worker)
    if (!kept) return
    // One that cannot even start is not started over and over.
    delay = served ? 0 : Math.min(30_000, 1000 + 2 * delay)
    log.error({ pid: worker.process.pid, code }, 'a worker ended; another one takes its place')
    const restart = setTimeout(() => {
      restarts.delete(restart)
      start()
    }, delay)
    restarts.add(restart)
  }

  function start(): Worker {
    const begunWith = runs
    const worker = cluster.fork({ [runsVariable]: JSON.stringify(runs) })
    const { ask, answered, end } = questions((message, sent) => worker.send(message, undefined, undefined, sent))
    worker.on('message', (message: unknown) => {
      if (!isMessage(message)) return
      answered(message)
      answer(worker, message)
    })
    worker.on('listening', () => {
      serving.set(worker, ask)
      // The others were reloaded while this one began.
      if (runs !== begunWith) void follow(worker, ask, runs)
    })
    worker.on('exit', (code: number | null) => {
      end()
      ended(worker, code)
    })
    return worker
  }

  return {
    start,
    keep() {
      kept = true
    },
    async reload() {
      try {
        await reload([...serving.keys()][0], {})
        log.info('reloaded')
      } catch (error) {
        log.error({ err: error }, 'could not reload: the runs before go on serving')
      }
    },
    async stop() {
      kept = false
      for (const restart of restarts) clearTimeout(restart)
      const open = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
      const ends = open.map((worker) => once(worker, 'exit'))
      for (const worker of open) worker.process.kill('SIGTERM')
      await Promise.all(ends)
    },
  }
}
