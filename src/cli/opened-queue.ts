/** @file The queue that `--queue` names. */
import { UserError } from '../errors.ts'
import type { JobQueue } from '../jobs/queue.ts'

/**
 * Connects to a queue.
 * @param jobs what `--jobs` says, which is the workers' to say here
 * @throws UserError as `openQueue`, and `unsupported` for `--jobs`
 */
export async function openedQueue(url: string, say: (line: string) => void, jobs?: number): Promise<JobQueue> {
  if (jobs !== undefined) {
    const expected = 'none with --queue: siftrec worker --jobs says how many each worker does'
    throw new UserError({ where: '--jobs', problem: 'unsupported', value: String(jobs), expected })
  }
  return (await import('../jobs/queue.ts')).openQueue(url, say)
}
