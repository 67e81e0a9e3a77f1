/**
 * @file A search for options by successive halving. Validation alone decides, and every trial is a run of its own in
 * the search's folder, so that a search that was stopped goes on where it was.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { Dataset } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import type { Watching as JobWatching } from '../jobs/job.ts'
import type { JobQueue } from '../jobs/queue.ts'
import { runJobs } from '../jobs/run-jobs.ts'
import { type Better, betterOf, isBetter } from '../metrics/table.ts'
import { modelOf } from '../models/registry.ts'
import { fittingSettings } from '../runs/fitting-settings.ts'
import type { SplitInput } from '../runs/split-config.ts'
import type { Watching } from '../runs/task.ts'
import { splitSettings, taskOptions } from '../runs/task-options.ts'
import { taskOf } from '../runs/tasks.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { makeFolder } from '../storage/folders.ts'
import { parsedJson } from '../storage/json.ts'
import { type Round, ranked, roundsOf } from './halving.ts'
import { type Drawn, drawTrial, type Options, type Searched, spaceOf } from './space.ts'
import { runTrial, type TrialEvent, type TrialJob, trialJobs } from './trial-jobs.ts'

/** What {@link tune} needs. */
export interface TuneSettings extends Pick<Watching, 'signal' | 'report'> {
  readonly model: string
  readonly dataset: Dataset
  /** The folder of the search. */
  readonly out: string
  readonly trials: number
  readonly epochs: number
  readonly seed: number
  /** Options that are not searched. */
  readonly fixed?: { readonly config: Options; readonly training: Options; readonly split: SplitInput }
  /** Names of the options that are searched. */
  readonly names?: readonly string[] | undefined
  /** How many trials train side by side, each on one thread where there are several; 1 by default. */
  readonly jobs?: number
  /** Whose workers train the trials, each on one thread, in place of this process and those beside it. */
  readonly queue?: JobQueue | undefined
  /** Is told before a trial trains. */
  readonly began?: (round: number, trial: number, options: Drawn) => void
  /** Is told all of the trials. */
  readonly told?: (event: TrialEvent) => void
  /** Is told of the queue. */
  readonly say?: (line: string) => void
}

const trialSchema = z.strictObject({
  trial: z.int().min(0),
  config: z.record(z.string(), z.unknown()),
  training: z.record(z.string(), z.unknown()),
  /** What each round came to; null where training failed. */
  validation: z.array(z.number().nullable()),
})
const searchSchema = z.strictObject({
  format: z.literal('siftrec-tune'),
  version: z.literal(1),
  model: z.string(),
  dataset: z.string(),
  settings: z.unknown(),
  trials: z.array(trialSchema),
})
type Search = z.infer<typeof searchSchema>
/** A trial, as it is kept. */
export type Trial = z.infer<typeof trialSchema>

/** What a search found. */
export interface Found {
  readonly rounds: readonly Round[]
  /** Every trial that trained, the best first: those of the last round, then those that left before. */
  readonly trials: readonly Trial[]
  readonly space: readonly Searched[]
  /** Whether all rounds are done. */
  readonly finished: boolean
}

const searchFile = 'tune.json'
/** The folder of a trial's run. */
export const trialFolder = (out: string, trial: number): string => join(out, `trial-${String(trial).padStart(3, '0')}`)

/**
 * Searches, or goes on with the search in the folder.
 * @throws UserError `mismatched` for a folder with another search, `unsupported` for a model that is not trained, and
 * as `spaceOf`
 */
export async function tune(settings: TuneSettings): Promise<Found> {
  const { model, dataset, out, trials, epochs, seed } = settings
  const fixed = settings.fixed ?? { config: {}, training: {}, split: {} }
  const { training: trainingOptions, metric } = taskOptions(model)
  if (!trainingOptions) throw notTrained(model)
  const data = taskOf(model).split(dataset, splitSettings(model, dataset, fixed.split))
  const { config: modelOptions } = modelOf(model)
  const space = spaceOf({
    slug: model,
    config: modelOptions,
    training: trainingOptions,
    fitted: fittingSettings(model, data),
    fixed: { ...fixed.config, ...fixed.training },
    names: settings.names,
  })
  const takes = ({ config, training }: Drawn): boolean =>
    modelOptions.safeParse({ ...fixed.config, ...config }).success &&
    trainingOptions.safeParse({ ...fixed.training, ...training }).success
  const told = { trials, epochs, seed, fixed, names: space.map(({ name }) => name) }
  makeFolder(out)
  const search = readSearch(out, { model, dataset: dataset.hash, settings: told })
  const rounds = roundsOf(trials, epochs)
  let going = Array.from({ length: trials }, (_, trial) => trial)
  for (const [round, { trials: count, epochs: until }] of rounds.entries()) {
    if (round > 0) going = bestOf(search.trials, round - 1, betterOf(metric)).slice(0, count)
    const kept = going.map((trial) => {
      const one = search.trials.find((one) => one.trial === trial) ?? newTrial(trial, space, { seed, takes })
      if (!search.trials.includes(one)) search.trials.push(one)
      return one
    })
    const open = kept.filter(({ validation }) => validation.length <= round)
    if (!(await trainAll(open, { round, until, search }, { ...settings, fixed }))) return found(false)
  }
  return found(true)

  function found(finished: boolean): Found {
    const order = rounds.map((_, round) => bestOf(search.trials, round, betterOf(metric))).toReversed()
    const best = [...new Set(order.flat())]
    return {
      rounds,
      space,
      finished,
      trials: best.map((trial) => search.trials.find((one) => one.trial === trial) as Trial),
    }
  }
}

const newTrial = (trial: number, space: readonly Searched[], how: Parameters<typeof drawTrial>[2]): Trial => ({
  trial,
  ...drawTrial(space, trial, how),
  validation: [],
})

/** The trials that ended a round, the best first. */
const bestOf = (trials: readonly Trial[], round: number, better: Better): number[] =>
  ranked(
    trials
      .filter(({ validation }) => validation.length > round)
      .map(({ trial, validation }) => ({ trial, validation: validation[round] ?? undefined })),
    (a, b) => isBetter(better, a, b),
  ).map(({ trial }) => trial)

/** Trains the trials of a round, and keeps what each came to; false where this was stopped. */
async function trainAll(
  open: readonly Trial[],
  { round, until, search }: { readonly round: number; readonly until: number; readonly search: Search },
  settings: TuneSettings & Required<Pick<TuneSettings, 'fixed'>>,
): Promise<boolean> {
  const { model, dataset, out, seed, fixed, jobs: sideBySide = 1, queue, signal, began, report, told, say } = settings
  // The figures must not hang on how many cores a worker has.
  const threads = queue || sideBySide > 1 ? { threads: 1 } : {}
  const trials = new Map(
    open.map((trial): [TrialJob, Trial] => [
      {
        label: `round ${round + 1}, trial ${trial.trial}`,
        trial: trial.trial,
        epochs: until,
        folder: trialFolder(out, trial.trial),
        data: dataset.folder,
        model,
        config: { ...fixed.config, ...trial.config },
        training: { seed, ...threads, ...fixed.training, ...trial.training },
        split: fixed.split,
      },
      trial,
    ]),
  )
  let written: Promise<void> = Promise.resolve()
  const watched = {
    signal,
    report(event: TrialEvent): void {
      const trial = trials.get(event.job) as Trial
      if (event.kind === 'begun') began?.(round, trial.trial, trial)
      else if (event.kind === 'training') report?.(event.event)
      else if (event.kind === 'ended') {
        trial.validation.push(event.result)
        const text = `${JSON.stringify(search, null, 2)}\n`
        written = written.then(() => writeAtomically(join(out, searchFile), text))
      }
      told?.(event)
    },
  }
  const kind = { ...trialJobs, run: (job: TrialJob, watching: JobWatching) => runTrial(job, watching, dataset) }
  const jobs = [...trials.keys()]
  try {
    const status = queue
      ? await queue.run(kind, jobs, { ...watched, folder: out, say: say ?? (() => undefined) })
      : await runJobs(kind, jobs, { ...watched, jobs: sideBySide })
    return status === 'finished'
  } finally {
    await written
  }
}

/** What is in a search's folder, if it is the same search. */
function readSearch(
  out: string,
  asked: { readonly model: string; readonly dataset: string; readonly settings: object },
): Search {
  const path = join(out, searchFile)
  const fresh = { format: 'siftrec-tune' as const, version: 1 as const, ...asked, trials: [] }
  if (!existsSync(path)) return fresh
  const stored = searchSchema.safeParse(parsedJson(readFileSync(path, 'utf8')))
  if (!stored.success)
    throw new UserError({
      where: path,
      problem: 'corrupted',
      value: 'not a search of ours',
      hint: 'choose another --out',
    })
  const plain = ({ model, dataset, settings }: typeof asked): string => JSON.stringify([model, dataset, settings])
  if (plain(stored.data as typeof asked) === plain(JSON.parse(JSON.stringify(asked)) as typeof asked))
    return stored.data
  throw new UserError({
    where: out,
    problem: 'mismatched',
    value: 'a search with other settings or data',
    hint: 'go on with the settings it began with, or choose another --out',
  })
}

const notTrained = (model: string): UserError =>
  new UserError({
    where: 'tune',
    problem: 'unsupported',
    value: `${model} is fitted by counting`,
    expected: 'a model that is trained',
  })
