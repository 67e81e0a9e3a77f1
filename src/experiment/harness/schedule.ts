/** @file Runs cells, in this process or several side by side in processes of their own; the figures are the same. */
import type { TrainingEvent } from '../../learn/training-run.ts'
import type { Cell } from './grid-cell.ts'
import { runCell, type Stage } from './run-cell.ts'
import { startWorker, type Worker } from './worker-process.ts'

/** A cell that is to be taken to a stage. */
export interface Job {
  /** What the cell is called in progress. */
  readonly label: string
  readonly cell: Cell
  readonly stage: Stage
}

/** What is told of the jobs. */
export type JobEvent =
  | { readonly kind: 'begun'; readonly job: Job }
  | { readonly kind: 'training'; readonly job: Job; readonly event: TrainingEvent }
  | { readonly kind: 'ended'; readonly job: Job; readonly seconds: number }

/** How jobs are run. */
export interface ScheduleOptions {
  /** How many cells run side by side; 1 runs them in this process. */
  readonly jobs: number
  readonly signal?: AbortSignal | undefined
  readonly report: (event: JobEvent) => void
}

/**
 * Runs every job; the first failure saves and stops the others and is thrown.
 * @returns `interrupted` when the signal was aborted before all had ended
 */
export async function runJobs(jobs: readonly Job[], options: ScheduleOptions): Promise<'finished' | 'interrupted'> {
  const queue = [...jobs]
  const failure = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, failure.signal]) : failure.signal
  const line = async (): Promise<void> => {
    let worker: Worker | undefined
    try {
      for (let job = queue.shift(); job && !signal.aborted; job = queue.shift()) {
        if (options.jobs > 1) worker ??= startWorker()
        await runJob(job, worker, signal, options.report)
      }
    } catch (error) {
      failure.abort()
      throw error
    } finally {
      worker?.close()
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: Math.min(options.jobs, jobs.length) }, line))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return options.signal?.aborted ? 'interrupted' : 'finished'
}

async function runJob(
  job: Job,
  worker: Worker | undefined,
  signal: AbortSignal,
  report: ScheduleOptions['report'],
): Promise<void> {
  const began = performance.now()
  report({ kind: 'begun', job })
  const watching = { signal, report: (event: TrainingEvent) => report({ kind: 'training', job, event }) }
  const status = worker ? await worker.run(job, watching) : await runCell(job.cell, job.stage, watching)
  if (status === 'finished') report({ kind: 'ended', job, seconds: (performance.now() - began) / 1e3 })
}
