/** @file The trials of a search as jobs, for this process, for others beside it, and for workers of a queue. */
import { dirname, extname } from 'node:path'
import { loadDataset } from '../dataset/load.ts'
import type { Dataset } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import type { Job, JobEvent, JobKind, Watching } from '../jobs/job.ts'
import { holdsRun } from '../runs/run-file.ts'
import type { SplitInput } from '../runs/split-config.ts'
import { type RunResult, resumeRun, trainRun } from '../runs/train-run.ts'
import { makeFolder } from '../storage/folders.ts'
import { waitForLock } from '../storage/lock.ts'
import type { Options } from './space.ts'
import { openStoredSearch } from './stored-trials.ts'

/** A trial that is to be trained until it has so many epochs. */
export interface TrialJob extends Job {
  readonly trial: number
  readonly epochs: number
  /** The folder of its run. */
  readonly folder: string
  /** The folder of the dataset. */
  readonly data: string
  readonly model: string
  readonly config: Options
  readonly training: Options
  readonly split: SplitInput
  /** The address of the search in S3-compatible storage, where hosts share no folder. */
  readonly storage?: string
}

/** What is told of trials; one comes to its validation, or null where its training failed. */
export type TrialEvent = JobEvent<TrialJob, number | null>

export const trialJobs: JobKind<TrialJob, number | null> = {
  name: 'trial',
  script: new URL(`./trial-process${extname(import.meta.url)}`, import.meta.url),
  run: (job, watching) => runTrial(job, watching),
  id: ({ trial, epochs }) => `${trial}-${epochs}`,
  // What storage has is copied from there.
  dataOf: ({ data, storage }) => (storage === undefined ? data : undefined),
  withData: (job, data) => ({ ...job, data }),
  // What counts comes with the answer.
  isHere: () => true,
}

/**
 * Trains a trial, or goes on training it.
 * @param dataset that of the job, where it is loaded already
 */
export async function runTrial(
  job: TrialJob,
  watching: Watching,
  dataset?: Dataset,
): Promise<number | null | 'interrupted'> {
  makeFolder(dirname(job.folder))
  // A worker that was taken for dead may still be at it.
  await using _ = await waitForLock(`${job.folder}.lock`, watching.signal)
  if (watching.signal?.aborted) return 'interrupted'
  using stored = job.storage === undefined ? undefined : await openStoredSearch(job.storage)
  await stored?.take(job.folder)
  await stored?.takeData(job.data)
  try {
    const { status, best } = await trained(job, watching, dataset)
    if (status === 'interrupted') return 'interrupted'
    await stored?.put(job.folder)
    return best?.validation ?? null
  } catch (error) {
    // Rates that are too high are what a search is there to find.
    if (error instanceof UserError && error.parts.where.startsWith('training epoch')) return null
    throw error
  }
}

async function trained(
  { folder, data, epochs, model, config, training, split }: TrialJob,
  { signal, report }: Watching,
  dataset: Dataset | undefined,
): Promise<RunResult> {
  const watching = { ...(signal && { signal }), ...(report && { report }) }
  if (holdsRun(folder)) return resumeRun(folder, { ...watching, data, epochs })
  const settings = { model, dataset: dataset ?? (await loadDataset(data)), out: folder, config, split }
  return trainRun({ ...settings, training: { ...training, epochs }, ...watching })
}
