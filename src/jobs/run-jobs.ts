/** @file Runs jobs, in this process or several side by side in processes of their own; the results are the same. */
import { UserError } from '../errors.ts'
import type { Job, JobEnd, JobKind, JobsWatched, Watching } from './job.ts'
import { type JobProcess, startProcess } from './job-process.ts'

/** How jobs are run. */
interface RunOptions<J extends Job, Result> extends JobsWatched<J, Result> {
  /** How many jobs run side by side; 1 runs them in this process. */
  readonly jobs: number
}

/**
 * Runs every job; the first failure saves and stops the others and is thrown.
 * @returns `interrupted` when the signal was aborted before all had ended
 */
export async function runJobs<J extends Job, Result>(
  kind: JobKind<J, Result>,
  jobs: readonly J[],
  options: RunOptions<J, Result>,
): Promise<'finished' | 'interrupted'> {
  const left = [...jobs]
  const failure = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, failure.signal]) : failure.signal
  const line = async (): Promise<void> => {
    let child: JobProcess<J, Result> | undefined
    try {
      for (let job = left.shift(); job && !signal.aborted; job = left.shift()) {
        if (options.jobs > 1) child ??= startProcess(kind.script)
        await runJob(kind, job, child, { signal, report: options.report })
      }
    } catch (error) {
      failure.abort()
      throw error
    } finally {
      child?.close()
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: Math.min(options.jobs, jobs.length) }, line))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return options.signal?.aborted ? 'interrupted' : 'finished'
}

async function runJob<J extends Job, Result>(
  kind: JobKind<J, Result>,
  job: J,
  child: JobProcess<J, Result> | undefined,
  { signal, report }: JobsWatched<J, Result>,
): Promise<void> {
  const began = performance.now()
  report({ kind: 'begun', job })
  const watching: Watching = { signal, report: (event) => report({ kind: 'training', job, event }) }
  const result = child ? resultOf(job, await child.run(job, watching)) : await kind.run(job, watching)
  if (result !== 'interrupted') report({ kind: 'ended', job, seconds: (performance.now() - began) / 1e3, result })
}

/**
 * What a job came to.
 * @throws UserError as the job did, or where its process was lost; an Error with the stack of a bug
 */
function resultOf<Result>({ label }: Job, end: JobEnd<Result>): Result {
  if (end.kind === 'ended') return end.result
  if (end.kind === 'refused') throw new UserError(end.parts)
  if (end.kind === 'broken') throw new Error(end.stack)
  const value = `the process of ${label} ended by ${end.by}`
  const hint = 'if memory ran out, use fewer jobs; the same command goes on where it stopped'
  throw new UserError({ where: '--jobs', problem: 'invalid', value, hint })
}
