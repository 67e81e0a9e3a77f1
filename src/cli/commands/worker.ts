/**
 * @file `siftrec worker`: does the jobs of a queue, for experiments, searches and preparations that were started with
 * `--queue`.
 */
import { Command } from 'commander'
import { interruptible } from '../interrupt.ts'
import { whole } from '../values.ts'

interface Flags {
  readonly queue: string
  readonly jobs: number
  readonly dataRoot?: string
  readonly deadAfter: number
}

/** `worker --queue URL` */
export function workerCommand(): Command {
  return new Command('worker')
    .description(
      'do the trainings of experiments and searches, and the partitions of preparations, that were started with --queue, on this host or another, until Ctrl-C; start it in the same folder, on a disk that the hosts share, or anywhere for those with --storage',
    )
    .requiredOption('--queue <url>', 'the Redis of the command with --queue, such as redis://host:6379')
    .option(
      '--jobs <number>',
      'how many trainings or partitions it does at once, each in a process of its own',
      jobs,
      1,
    )
    .option('--data-root <folder>', 'folder that holds the data sets here, where it is not where the experiment has it')
    .option(
      '--dead-after <seconds>',
      'after how many seconds without a sign of life from this worker others take over what it does; a long step does not delay that sign',
      (text) => whole('--dead-after', text, 1),
      30,
    )
    .action(async ({ queue, ...flags }: Flags) => {
      const { cellJobs } = await import('../../experiment/harness/cell-jobs.ts')
      const { trialJobs } = await import('../../tune/trial-jobs.ts')
      const { partitionJobs } = await import('../partition-jobs.ts')
      const { runWorker } = await import('../../jobs/queue-worker.ts')
      const say = (line: string): void => void process.stderr.write(`${line}\n`)
      await interruptible(
        (signal) => runWorker(queue, { ...flags, kinds: [cellJobs, trialJobs, partitionJobs], signal, say }),
        {
          what: 'saving and giving back what this worker does',
        },
      )
    })
}

const jobs = (text: string): number => whole('--jobs', text)
