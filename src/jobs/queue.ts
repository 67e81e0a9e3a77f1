/**
 * @file Jobs through a queue in Redis (BullMQ), for workers on any host: they are put there, and what comes of them is
 * heard. Files are the truth and the queue only says who does what: a job that the queue lost is put there again, and
 * one that is done is only found done.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Queue, QueueEvents } from 'bullmq'
import { UserError } from '../errors.ts'
import { isObjectAddress } from '../storage/s3.ts'
import type { Job, JobKind, JobsWatched, Returned } from './job.ts'
import { type Answer, connectQueue, queueKeys, type Sent, type Told, version } from './sent.ts'
import { isSeen, type SharedFolder, sharedFolder } from './shared-folder.ts'

/** How jobs are run through a queue. */
export interface QueueOptions<J extends Job, Result> extends JobsWatched<J, Result> {
  /** Where results go, a folder or an address in S3-compatible storage: workers must see it too. */
  readonly folder: string
  /** The folder of data sets: workers may have them elsewhere. */
  readonly dataRoot?: string
  readonly say: (line: string) => void
}

/** A queue whose workers do jobs. */
export interface JobQueue extends AsyncDisposable {
  /** What messages call it. */
  readonly name: string
  /**
   * Has every job done by workers. A failure or an aborted signal takes those that no worker has begun from the queue.
   * @returns `interrupted` when the signal was aborted before all had ended
   * @throws UserError as a job did
   */
  run<J extends Job, Result>(
    kind: JobKind<J, Result>,
    jobs: readonly J[],
    options: QueueOptions<J, Result>,
  ): Promise<'finished' | 'interrupted'>
}

/** How often the queue is asked what it knows, in milliseconds: nobody is told what is lost. */
const lookEvery = 3000
/** A job whose process is lost so often is given up: memory runs out, most likely. */
const attempts = 3
/** How long the end of a command waits for a server that is away, in milliseconds. */
const patience = 3000

/**
 * Connects to a queue.
 * @param say is told when the server is away
 * @throws UserError as `connectQueue`
 */
export async function openQueue(url: string, say: (line: string) => void): Promise<JobQueue> {
  const connection = await connectQueue(url, say)
  const { Queue, QueueEvents } = await import('bullmq')
  const { name, redis } = connection
  const settings = { connection: redis, prefix: queueKeys.prefix, skipVersionCheck: true }
  const queue = new Queue(queueKeys.name, settings)
  queue.on('error', () => undefined)
  return {
    name,
    async run(kind, jobs, options) {
      if (jobs.length === 0) return options.signal?.aborted ? 'interrupted' : 'finished'
      // From what was told last, so that nothing is missed between here and the first question.
      const [last] = await redis.xrevrange(queue.keys['events'] as string, '+', '-', 'COUNT', 1)
      const events = new QueueEvents(queueKeys.name, { ...settings, lastEventId: last?.[0] ?? '0-0' })
      events.on('error', () => undefined)
      try {
        return await runQueued(queue, events, { kind, jobs, options })
      } catch (error) {
        throw isOfRedis(error) ? connection.refusal(error) : error
      } finally {
        await Promise.race([events.close().catch(() => undefined), sleep(patience)])
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.race([queue.close().catch(() => undefined), sleep(patience)])
      await connection[Symbol.asyncDispose]()
    },
  }
}

/** Whether the server refused a command: for want of memory, or since it may only be read. */
const isOfRedis = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError'

/** A job that has not ended. */
interface Open<J extends Job> {
  readonly job: J
  readonly sent: Sent<J>
  worker: string | undefined
  /** How many times in a row the queue did not know it. */
  absent: number
  /** Whether its worker has ended it, and what it wrote is waited for. */
  ended: boolean
}

/** The jobs of one call, by their ids in the queue. */
interface Going<J extends Job, Result> {
  readonly kind: JobKind<J, Result>
  readonly options: QueueOptions<J, Result>
  readonly folder: SharedFolder
  readonly open: Map<string, Open<J>>
}

async function runQueued<J extends Job, Result>(
  queue: Queue,
  events: QueueEvents,
  { kind, jobs, options }: { kind: JobKind<J, Result>; jobs: readonly J[]; options: QueueOptions<J, Result> },
): Promise<'finished' | 'interrupted'> {
  const { signal, dataRoot } = options
  const folder = await sharedFolder(options.folder)
  const open = new Map<string, Open<J>>(
    jobs.map((job) => [
      `${kind.name}-${folder.id}-${kind.id(job)}`,
      { job, sent: { version, folder, dataRoot, job }, worker: undefined, absent: 0, ended: false },
    ]),
  )
  const going = { kind, options, folder, open }
  try {
    await new Promise<void>((resolve, reject) => {
      const hear = listen(events, going, { resolve, reject })
      signal?.addEventListener('abort', () => resolve(), { once: true })
      if (signal?.aborted) resolve()
      else keepInQueue(queue, going, hear).catch(reject)
    })
    return open.size === 0 ? 'finished' : 'interrupted'
  } finally {
    const left = [...open.keys()]
    open.clear()
    // Those that a worker has begun stay: it ends them, and the next command finds them done.
    await Promise.race([Promise.allSettled(left.map((id) => queue.remove(id))), sleep(patience)])
  }
}

/**
 * Reports what is told of the jobs, until the last has ended or one has failed.
 * @returns what takes in a worker's word of a job
 */
function listen<J extends Job, Result>(
  events: QueueEvents,
  { kind, options: { report }, folder, open }: Going<J, Result>,
  { resolve, reject }: { readonly resolve: () => void; readonly reject: (error: unknown) => void },
): (id: string, told: Told) => void {
  const giveBack = (one: Open<J>, why: Returned): void => {
    report({ kind: 'returned', job: one.job, worker: one.worker, why })
    one.worker = undefined
  }
  const hear = (id: string, { worker, event, returned }: Told): void => {
    const one = open.get(id)
    if (!one) return
    if (worker !== one.worker) report({ kind: 'begun', job: one.job, worker })
    one.worker = worker
    if (event) report({ kind: 'training', job: one.job, event })
    if (returned) giveBack(one, returned)
  }
  const end = async (id: string, { end: how, seconds, worker }: Answer<Result>): Promise<void> => {
    const one = open.get(id)
    if (!one || one.ended) return
    if (how.kind === 'refused') throw new UserError(how.parts)
    if (how.kind === 'broken') throw new Error(how.stack)
    one.ended = true
    if (!(await isSeen(() => kind.isHere(one.job)))) throw notHere(one.job, worker, folder.at)
    open.delete(id)
    report({ kind: 'ended', job: one.job, seconds, result: how.result, worker })
    if (open.size === 0) resolve()
  }
  events.on('progress', ({ jobId, data }) => hear(jobId, data as Told))
  events.on('completed', ({ jobId, returnvalue }) => {
    end(jobId, returnvalue as unknown as Answer<Result>).catch(reject)
  })
  events.on('stalled', ({ jobId }) => {
    const one = open.get(jobId)
    if (one) giveBack(one, 'silent')
  })
  events.on('failed', ({ jobId, failedReason }) => {
    const one = open.get(jobId)
    if (one) reject(givenUp(one.job, failedReason))
  })
  return hear
}

/**
 * Puts the jobs into the queue, and those again that it does not know: its server lost them, or somebody took them out.
 * Says when there is no worker.
 */
async function keepInQueue<J extends Job, Result>(
  queue: Queue,
  { kind, options, open }: Going<J, Result>,
  hear: (id: string, told: Told) => void,
): Promise<void> {
  const put = (jobs: readonly (readonly [id: string, one: Open<J>])[]): Promise<unknown> =>
    queue.addBulk(
      jobs.map(([jobId, { sent }]) => ({
        name: kind.name,
        data: sent,
        opts: { jobId, attempts, removeOnComplete: true, removeOnFail: true },
      })),
    )
  await put([...open])
  // An earlier command may have asked for them, and workers may be at them.
  for (const { id = '', progress } of await queue.getJobs(['active']))
    if (typeof progress === 'object') hear(id, progress as Told)
  for (let alone = false; open.size > 0; await sleep(lookEvery)) {
    const none = (await queue.getWorkersCount().catch(() => 1)) === 0
    const where = isObjectAddress(options.folder) ? 'anywhere' : 'in this folder'
    if (none && !alone) options.say(`no worker is there: start some with siftrec worker --queue URL ${where}`)
    alone = none
    const lost: (readonly [string, Open<J>])[] = []
    for (const [id, one] of open) {
      one.absent = (await queue.getJob(id)) || one.ended ? 0 : one.absent + 1
      // What has just ended is not in the queue either: word of it is on its way.
      if (one.absent > 1 && open.has(id)) lost.push([id, one])
    }
    if (lost.length > 0) await put(lost)
  }
}

function notHere({ label }: Job, worker: string, at: string): UserError {
  return new UserError({
    where: '--queue',
    problem: 'missing',
    value: `what ${worker} wrote of ${label}`,
    expected: `it in ${at}`,
    hint: isObjectAddress(at)
      ? 'was it removed? the same command has it done again'
      : 'workers need this very folder: share it with their hosts',
  })
}

function givenUp({ label }: Job, reason: string): UserError {
  return new UserError({
    where: '--queue',
    problem: 'invalid',
    value: `${label}: ${/stalled/.test(reason) ? 'too many workers died at it' : reason}`,
    hint: 'if memory ran out there, start workers with fewer jobs; the same command goes on where it stopped',
  })
}
