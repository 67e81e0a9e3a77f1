/** @file A process that does jobs for another, and how the two speak. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TrainingEvent } from '../learn/training-run.ts'
import type { Job, JobEnd, Watching } from './job.ts'

/** What is said to a process. */
export type ToProcess<J extends Job> = { readonly kind: 'run'; readonly job: J } | { readonly kind: 'stop' }
/** What a process says. */
export type FromProcess<Result> =
  | { readonly kind: 'training'; readonly event: TrainingEvent }
  | Exclude<JobEnd<Result | 'interrupted'>, { kind: 'lost' }>

/** A process that does one job at a time. */
export interface JobProcess<J extends Job, Result> {
  /** Does a job there. */
  run(job: J, watching: Watching): Promise<JobEnd<Result | 'interrupted'>>
  /** Lets the process end. */
  close(): void
}

/** Starts a process by its script, from the sources or from what was built of them. */
export function startProcess<J extends Job, Result>(script: URL): JobProcess<J, Result> {
  const child = fork(fileURLToPath(script), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return {
    run: (job, watching) => runIn(child, job, watching),
    close() {
      if (child.connected) child.disconnect()
    },
  }
}

function runIn<Result>(
  child: ChildProcess,
  job: Job,
  { signal, report }: Watching,
): Promise<JobEnd<Result | 'interrupted'>> {
  return new Promise((resolve) => {
    const stop = (): void => {
      if (child.connected) child.send({ kind: 'stop' } satisfies ToProcess<Job>)
    }
    const end = (how: JobEnd<Result | 'interrupted'>): void => {
      child.off('message', listen)
      child.off('exit', lost)
      signal?.removeEventListener('abort', stop)
      resolve(how)
    }
    const listen = (message: FromProcess<Result>): void => {
      if (message.kind === 'training') report?.(message.event)
      else end(message)
    }
    const lost = (code: number | null, killedBy: string | null): void =>
      end({ kind: 'lost', by: killedBy ?? `itself with code ${code}` })
    child.on('message', listen)
    child.on('exit', lost)
    signal?.addEventListener('abort', stop)
    if (child.connected) child.send({ kind: 'run', job } satisfies ToProcess<Job>)
    else lost(child.exitCode, child.signalCode)
    if (signal?.aborted) stop()
  })
}
