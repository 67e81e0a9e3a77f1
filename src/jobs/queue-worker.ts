/**
 * @file A worker of a queue: takes jobs and has each done by a process of its own, so that this one always has time to
 * say that it lives.
 */
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, relative } from 'node:path'
import type { Job as QueuedJob } from 'bullmq'
import { UserError } from '../errors.ts'
import { isObjectAddress } from '../storage/s3.ts'
import type { Job, JobKind } from './job.ts'
import { type JobProcess, startProcess } from './job-process.ts'
import { type Answer, connectQueue, queueKeys, type Sent, type Told, version } from './sent.ts'
import { seesFolder } from './shared-folder.ts'

/** How a worker works. */
export interface WorkerOptions {
  /** What it can do. */
  readonly kinds: readonly AnyKind[]
  /** How many jobs it does at once. */
  readonly jobs: number
  /** After how many seconds without a sign of life of this worker others take up what it does. */
  readonly deadAfter: number
  /** Where the data sets are here, if not where the sender has them. */
  readonly dataRoot?: string
  /** Aborting it saves the jobs, gives them back and ends the worker. */
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

type AnyKind = JobKind<Job, unknown>

/** A job that so many workers died at is given up. */
const mostDeaths = 50

/**
 * Does the jobs of a queue until the signal is aborted.
 * @throws UserError as `connectQueue`, and `mismatched` or `missing` for a job whose folder or dataset is not here: it
 * goes back to the queue
 */
export async function runWorker(url: string, options: WorkerOptions): Promise<void> {
  const { kinds, jobs, deadAfter, dataRoot, signal, say } = options
  await using connection = await connectQueue(url, say)
  const { Worker, WaitingError } = await import('bullmq')
  const me = `${hostname()}:${process.pid}`
  const stopping = new AbortController()
  let misfit: UserError | undefined
  const idle = new Map<AnyKind, JobProcess<Job, unknown>[]>(kinds.map((kind) => [kind, []]))

  const work = async (queued: QueuedJob<Sent, Answer>, token?: string): Promise<Answer> => {
    const { job } = queued.data
    const tell = (told: Omit<Told, 'worker'>): Promise<void> =>
      // A queue that lost the job need not know: what counts is written to the folder.
      queued.updateProgress({ worker: me, ...told }).catch(() => undefined)
    const giveBack = async (): Promise<never> => {
      await queued.moveToWait(token)
      throw new WaitingError()
    }
    const kind = kinds.find(({ name }) => name === queued.name)
    const fit = kind ? await fitting(kind, queued.data, dataRoot) : otherVersion(queued.data)
    if (!kind || fit instanceof UserError) {
      misfit ??= fit as UserError
      stop()
      return giveBack()
    }
    const began = performance.now()
    say(`${job.label}: begun`)
    await tell({})
    const child = idle.get(kind)?.pop() ?? startProcess<Job, unknown>(kind.script)
    const end = await child.run(fit, { signal: stopping.signal, report: (event) => void tell({ event }) })
    const seconds = (performance.now() - began) / 1e3
    if (end.kind === 'lost') {
      say(`${job.label}: its process ended by ${end.by}`)
      await tell({ returned: 'lost' })
      throw new Error(`its process on ${me} ended by ${end.by}`)
    }
    idle.get(kind)?.push(child)
    if (end.kind === 'ended' && end.result === 'interrupted') {
      say(`${job.label}: saved, back in the queue`)
      await tell({ returned: 'saved' })
      return giveBack()
    }
    say(`${job.label}: ${end.kind === 'ended' ? 'ended' : 'failed'} after ${Math.round(seconds)} s`)
    return { worker: me, seconds, end }
  }

  const worker = new Worker<Sent, Answer>(queueKeys.name, work, {
    connection: connection.redis,
    prefix: queueKeys.prefix,
    skipVersionCheck: true,
    name: me,
    concurrency: jobs,
    lockDuration: deadAfter * 1000,
    stalledInterval: deadAfter * 500,
    maxStalledCount: mostDeaths,
  })
  // A server that is away is told once, by the connection; a job that was taken for lost ends none the less.
  worker.on('error', () => undefined)
  let ended: Promise<void> | undefined
  function stop(): void {
    // In this order: no job is taken after the first line.
    ended ??= worker.close()
    stopping.abort()
  }
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  else say(`${me} waits for jobs on ${connection.name}`)
  await new Promise<void>((resolve) => worker.once('closed', () => resolve()))
  await ended
  for (const child of [...idle.values()].flat()) child.close()
  if (misfit) throw misfit
}

/** A job with its dataset as it lies here, or why this worker cannot do it. */
async function fitting(kind: AnyKind, sent: Sent, dataRoot: string | undefined): Promise<Job | UserError> {
  if (sent.version !== version) return otherVersion(sent)
  try {
    if (!(await seesFolder(sent.folder))) return otherFolder(sent)
  } catch (error) {
    // Storage that this host cannot use is others' to use.
    if (error instanceof UserError) return error
    throw error
  }
  const theirs = kind.dataOf(sent.job)
  if (theirs === undefined) return sent.job
  const data = placeHere(theirs, sent.dataRoot, dataRoot)
  if (existsSync(join(data, 'manifest.json'))) return kind.withData(sent.job, data)
  return new UserError({
    where: data,
    problem: 'missing',
    value: 'the dataset of a job',
    hint: 'share its folder at the same path, or say with --data-root where the data sets are here',
  })
}

/** A path as it is here: what lies in the sender's folder of data sets lies in ours. */
function placeHere(path: string, theirs: string | undefined, ours: string | undefined): string {
  if (theirs === undefined || ours === undefined) return path
  const inside = relative(theirs, path)
  return inside === '' || inside.startsWith('..') || inside === path ? path : join(ours, inside)
}

function otherFolder({ folder: { path, at } }: Sent): UserError {
  if (isObjectAddress(path))
    return new UserError({
      where: path,
      problem: 'mismatched',
      value: 'not the storage that the results go to',
      hint: 'start the worker with the AWS_ENDPOINT_URL_S3 of the command that asks for the jobs',
    })
  return new UserError({
    where: path,
    problem: 'mismatched',
    value: existsSync(path) ? 'not the folder that the results go to' : 'no such folder here',
    expected: at,
    hint: 'start the worker in the folder where the command that asks for the jobs was started, on a disk that both share',
  })
}

const otherVersion = (sent: Sent): UserError =>
  new UserError({
    where: 'worker',
    problem: 'mismatched',
    value: `siftrec ${version}`,
    expected: `siftrec ${sent.version}, which asks for the jobs`,
    hint: 'results of two versions are not mixed: install the same one',
  })
