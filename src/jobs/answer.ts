/** @file What a process of jobs does: the jobs it is sent, until the process that sent them ends. */
import { UserError } from '../errors.ts'
import { inFileWords } from '../storage/file-errors.ts'
import type { Job, JobKind } from './job.ts'
import type { FromProcess, ToProcess } from './job-process.ts'

/** Does the jobs of a kind that this process is sent. */
export function answerJobs<J extends Job, Result>(kind: JobKind<J, Result>): void {
  let stopping = new AbortController()
  const say = (message: FromProcess<Result>): void => void process.send?.(message)

  // Ctrl-C reaches every process of the terminal: it is the sender's to hear, which then says `stop`.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
  // Killed or done, the sender is gone: results are written whole or not at all, so this may happen at any time.
  process.on('disconnect', () => process.exit(0))
  process.on('message', (message: ToProcess<J>) => {
    if (message.kind === 'stop') stopping.abort()
    else void run(message.job)
  })

  async function run(job: J): Promise<void> {
    stopping = new AbortController()
    try {
      const result = await kind.run(job, {
        signal: stopping.signal,
        report(event) {
          // A message a batch would cost more than it tells.
          if (event.kind === 'epoch') say({ kind: 'training', event })
        },
      })
      say({ kind: 'ended', result })
    } catch (thrown) {
      const error = inFileWords(thrown)
      if (error instanceof UserError) say({ kind: 'refused', parts: error.parts })
      else say({ kind: 'broken', stack: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  }
}
