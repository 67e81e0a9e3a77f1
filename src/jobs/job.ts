/** @file Jobs: pieces of work that any process can do, as plain data, and what is told of them. */
import type { ErrorParts } from '../errors.ts'
import type { TrainingEvent } from '../learn/training-run.ts'

/** What every job has, whatever it is about: it is plain data, so that it can be sent to another process. */
export interface Job {
  /** What the job is called in progress. */
  readonly label: string
}

/** What listens to a job and can stop it. */
export interface Watching {
  readonly signal?: AbortSignal | undefined
  readonly report?: (event: TrainingEvent) => void
}

/**
 * Jobs of one kind, and how they are done. A job that is done again finds its result, or goes on where it was: whoever
 * cannot tell whether it is done may ask for it once more.
 */
export interface JobKind<J extends Job, Result> {
  readonly name: 'cell' | 'trial' | 'partition'
  /** The script that does such jobs in a process of its own. */
  readonly script: URL
  /** Does a job in this process; an aborted signal saves it and ends it as `interrupted`. */
  run(job: J, watching: Watching): Promise<Result | 'interrupted'>
  /** The same for the same work, and for no other in one folder; letters, digits and hyphens. */
  id(job: J): string
  /** The folder of the dataset that a job reads, if it needs one that is there. */
  dataOf(job: J): string | undefined
  /** The job with its dataset elsewhere. */
  withData(job: J, data: string): J
  /** Whether what a job wrote can be read here: a disk of the network may show it late, and storage is copied from. */
  isHere(job: J): boolean | Promise<boolean>
}

/** How a job ended in a process of its own. */
export type JobEnd<Result> =
  | { readonly kind: 'ended'; readonly result: Result }
  /** As the user can mend it. */
  | { readonly kind: 'refused'; readonly parts: ErrorParts }
  /** A bug of ours. */
  | { readonly kind: 'broken'; readonly stack: string }
  /** The process itself ended: killed, or out of memory. */
  | { readonly kind: 'lost'; readonly by: string }

/** Why a worker does not end a job: it stopped and saved it, lost the process that did it, or gives no sign of life. */
export type Returned = 'saved' | 'lost' | 'silent'

const why: Readonly<Record<Returned, string>> = {
  saved: 'stopped and saved it',
  lost: 'lost the process that did it',
  silent: 'gives no sign of life',
}
/** What became of a job that its worker did not end. */
export const returnedText = (event: { readonly worker?: string | undefined; readonly why: Returned }): string =>
  `${event.worker ?? 'its worker'} ${why[event.why]}; the next free worker goes on with it`

/** What is told of jobs. `worker` names who does one for a queue. */
export type JobEvent<J extends Job, Result> =
  | { readonly kind: 'begun'; readonly job: J; readonly worker?: string }
  | { readonly kind: 'training'; readonly job: J; readonly event: TrainingEvent }
  /** It is back in the queue: another worker will take it up. */
  | { readonly kind: 'returned'; readonly job: J; readonly worker?: string | undefined; readonly why: Returned }
  | {
      readonly kind: 'ended'
      readonly job: J
      readonly seconds: number
      readonly result: Result
      readonly worker?: string
    }

/** How jobs are watched and stopped. */
export interface JobsWatched<J extends Job, Result> {
  readonly signal?: AbortSignal | undefined
  readonly report: (event: JobEvent<J, Result>) => void
}
