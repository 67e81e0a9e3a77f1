/** @file The worker process's own code: runs the cells it is sent, and ends with the process that sent them. */
import { UserError } from '../../errors.ts'
import { runCell } from './run-cell.ts'
import type { FromWorker, ToWorker } from './worker-process.ts'

let stopping = new AbortController()
const say = (message: FromWorker): void => void process.send?.(message)

// Ctrl-C reaches every process of the terminal: it is the scheduler's to hear, which then says `stop`.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
// Killed or done, the scheduler is gone: results are written whole or not at all, so this may happen at any time.
process.on('disconnect', () => process.exit(0))
process.on('message', (message: ToWorker) => {
  if (message.kind === 'stop') stopping.abort()
  else void run(message)
})

async function run({ cell, stage }: Extract<ToWorker, { kind: 'run' }>): Promise<void> {
  stopping = new AbortController()
  // A message a batch would cost more than it tells.
  const report = (event: Extract<FromWorker, { kind: 'training' }>['event']): void => {
    if (event.kind === 'epoch') say({ kind: 'training', event })
  }
  try {
    say({ kind: 'ended', status: await runCell(cell, stage, { signal: stopping.signal, report }) })
  } catch (error) {
    if (error instanceof UserError) say({ kind: 'refused', parts: error.parts })
    else say({ kind: 'broken', stack: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}
