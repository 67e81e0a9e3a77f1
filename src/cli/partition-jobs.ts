/** @file The partitions of a preparation as jobs, for the workers of a queue. */
import { basename, dirname, extname } from 'node:path'
import { type Job, type JobEvent, type JobKind, returnedText } from '../jobs/job.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { PartitionWork, PartitionWorkers } from '../prepare/partition-step.ts'
import { isWorkDone, workOnPartition } from '../prepare/partition-work.ts'

/** A step of preparing with one partition. */
interface PartitionJob extends Job {
  readonly work: PartitionWork
}

export const partitionJobs: JobKind<PartitionJob, 'finished'> = {
  name: 'partition',
  script: new URL(`./partition-process${extname(import.meta.url)}`, import.meta.url),
  run: ({ work }, { signal }) => workOnPartition(work, signal),
  // The folder is one preparation's alone.
  id: ({ work: { stem } }) => `${basename(dirname(stem))}-${basename(stem)}`,
  dataOf: () => undefined,
  withData: (job) => job,
  isHere: ({ work }) => isWorkDone(work),
}

/** Has a queue's workers work on the partitions of the dataset that is written to `out`. */
export function partitionWorkers(
  queue: JobQueue,
  { out, signal, say }: { out: string; signal: AbortSignal; say: (line: string) => void },
): PartitionWorkers {
  const report = (event: JobEvent<PartitionJob, 'finished'>): void => {
    if (event.kind === 'training') return
    const { label } = event.job
    const worker = event.worker ?? 'a worker'
    if (event.kind === 'begun') say(`${label}: begun by ${worker}`)
    else if (event.kind === 'ended') say(`${label}: ${Math.round(event.seconds)} s, ${worker}`)
    else say(`${label}: ${returnedText(event)}`)
  }
  return async (all) => {
    const jobs = all.map((work) => ({ label: work.label, work }))
    // The folder beside which it is written is there before and afterwards.
    const how = await queue.run(partitionJobs, jobs, { folder: dirname(out), signal, say, report })
    if (how === 'interrupted') signal.throwIfAborted()
  }
}
