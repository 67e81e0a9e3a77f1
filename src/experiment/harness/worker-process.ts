/** @file A process that runs cells for the scheduler, and how the two speak. */
import { type ChildProcess, fork } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ErrorParts, UserError } from '../../errors.ts'
import type { TrainingEvent } from '../../learn/training-run.ts'
import type { Cell } from './grid-cell.ts'
import type { Stage, Watching } from './run-cell.ts'

/** What the scheduler says to a worker. */
export type ToWorker = { readonly kind: 'run'; readonly cell: Cell; readonly stage: Stage } | { readonly kind: 'stop' }
/** What a worker says. */
export type FromWorker =
  | { readonly kind: 'training'; readonly event: TrainingEvent }
  | { readonly kind: 'ended'; readonly status: 'finished' | 'interrupted' }
  | { readonly kind: 'refused'; readonly parts: ErrorParts }
  | { readonly kind: 'broken'; readonly stack: string }

/** A worker process: one cell at a time. */
export interface Worker {
  /** As `runCell`, there. */
  run(job: { readonly cell: Cell; readonly stage: Stage }, watching: Watching): Promise<'finished' | 'interrupted'>
  /** Lets the process end. */
  close(): void
}

/** Starts a worker process, from the sources or from what was built of them. */
export function startWorker(): Worker {
  const child = fork(fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  return {
    run: (job, watching) => runIn(child, job, watching),
    close() {
      if (child.connected) child.disconnect()
    },
  }
}

function runIn(
  child: ChildProcess,
  { cell, stage }: { cell: Cell; stage: Stage },
  { signal, report }: Watching,
): Promise<'finished' | 'interrupted'> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      if (child.connected) child.send({ kind: 'stop' } satisfies ToWorker)
    }
    const end = (settle: () => void): void => {
      child.off('message', listen)
      child.off('exit', lost)
      signal?.removeEventListener('abort', stop)
      settle()
    }
    const listen = (message: FromWorker): void => {
      if (message.kind === 'training') report?.(message.event)
      else if (message.kind === 'ended') end(() => resolve(message.status))
      else if (message.kind === 'refused') end(() => reject(new UserError(message.parts)))
      else end(() => reject(new Error(message.stack)))
    }
    const lost = (code: number | null, killedBy: string | null): void => {
      const value = `the process that ran ${cell.model} ended by ${killedBy ?? `itself with code ${code}`}`
      const hint = 'if memory ran out, use fewer jobs; the same command goes on where it stopped'
      end(() => reject(new UserError({ where: '--jobs', problem: 'invalid', value, hint })))
    }
    child.on('message', listen)
    child.on('exit', lost)
    signal?.addEventListener('abort', stop)
    child.send({ kind: 'run', cell, stage } satisfies ToWorker)
    if (signal?.aborted) stop()
  })
}
