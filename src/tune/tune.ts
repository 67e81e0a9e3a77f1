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
import { openStoredSearch, type StoredSearch, workplaceOf } from './stored-trials.ts'
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
  /** An address in S3-compatible storage for trials, dataset and search, where hosts share no folder. */
  readonly storage?: string | undefined
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
  const { model, dataset, out, trials, epochs, seed, storage } = settings
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
  using stored = storage === undefined ? undefined : await openStoredSearch(storage)
  const search = await readSearch({ model, dataset: dataset.hash, settings: told }, out, stored)
  if (stored) {
    // What was done elsewhere is known here from now on, and the address is this search's.
    await writeAtomically(join(out, searchFile), printSearch(search))
    await stored.write(searchFile, printSearch(search))
    await stored.putData(dataset.folder)
  }
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
    if (!(await trainAll(open, { round, until, search, stored }, { ...settings, fixed }))) return found(false)
  }
  return found(true)

  async function found(finished: boolean): Promise<Found> {
    const order = rounds.map((_, round) => bestOf(search.trials, round, betterOf(metric))).toReversed()
    const best = [...new Set(order.flat())]
    if (best[0] !== undefined) await stored?.take(trialFolder(out, best[0]))
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

/** A round of a search. */
interface RoundWork {
  readonly round: number
  /** How many epochs its trials have at its end. */
  readonly until: number
  readonly search: Search
  readonly stored: StoredSearch | undefined
}

/** Trains the trials of a round, and keeps what each came to; false where this was stopped. */
async function trainAll(
  open: readonly Trial[],
  { round, until, search, stored }: RoundWork,
  settings: TuneSettings & Required<Pick<TuneSettings, 'fixed'>>,
): Promise<boolean> {
  const { model, dataset, out, seed, fixed, jobs: sideBySide = 1, queue } = settings
  const { signal, began, report, told, say } = settings
  // Workers elsewhere have a place of their own.
  const place = queue && stored ? workplaceOf(stored.address) : undefined
  // The figures must not hang on how many cores a worker has.
  const threads = queue || sideBySide > 1 ? { threads: 1 } : {}
  const trials = new Map(
    open.map((trial): [TrialJob, Trial] => [
      {
        label: `round ${round + 1}, trial ${trial.trial}`,
        trial: trial.trial,
        epochs: until,
        folder: trialFolder(place ?? out, trial.trial),
        data: place === undefined ? dataset.folder : join(place, 'data'),
        ...(stored && { storage: stored.address }),
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
        const text = printSearch(search)
        written = written.then(() => writeAtomically(join(out, searchFile), text))
      }
      told?.(event)
    },
  }
  const kind = { ...trialJobs, run: (job: TrialJob, watching: JobWatching) => runTrial(job, watching, dataset) }
  const jobs = [...trials.keys()]
  // What this host has done before.
  for (const { trial } of open) await stored?.put(trialFolder(out, trial))
  try {
    const status = queue
      ? await queue.run(kind, jobs, { ...watched, folder: stored?.address ?? out, say: say ?? (() => undefined) })
      : await runJobs(kind, jobs, { ...watched, jobs: sideBySide })
    return status === 'finished'
  } finally {
    await written
    await stored?.write(searchFile, printSearch(search))
  }
}

/** What was done of a search, here or in storage, wherever more was; nothing where it begins. */
async function readSearch(
  asked: Pick<Search, 'model' | 'dataset'> & { readonly settings: object },
  out: string,
  stored: StoredSearch | undefined,
): Promise<Search> {
  const path = join(out, searchFile)
  const known: Search[] = []
  if (existsSync(path))
    known.push(parsedSearch(readFileSync(path, 'utf8'), asked, { where: out, file: path, flag: '--out' }))
  const there = await stored?.read(searchFile)
  if (stored && there !== undefined) {
    const { address } = stored
    known.push(parsedSearch(there, asked, { where: address, file: `${address}/${searchFile}`, flag: '--storage' }))
  }
  const done = ({ trials }: Search): number => trials.reduce((sum, { validation }) => sum + validation.length, 0)
  const [most = { format: 'siftrec-tune', version: 1, ...asked, trials: [] }] = known.toSorted(
    (one, other) => done(other) - done(one),
  )
  return most
}

/** @throws UserError `corrupted` where it is no search, `mismatched` where it is another */
function parsedSearch(
  text: string,
  asked: Parameters<typeof readSearch>[0],
  { where, file, flag }: { readonly where: string; readonly file: string; readonly flag: string },
): Search {
  const { success, data } = searchSchema.safeParse(parsedJson(text))
  if (!success)
    throw new UserError({
      where: file,
      problem: 'corrupted',
      value: 'not a search of ours',
      hint: `choose another ${flag}`,
    })
  const plain = ({ model, dataset, settings }: Pick<Search, 'model' | 'dataset' | 'settings'>): string =>
    JSON.stringify([model, dataset, settings])
  if (plain(data) === plain(JSON.parse(JSON.stringify(asked)) as Search)) return data
  throw new UserError({
    where,
    problem: 'mismatched',
    value: 'a search with other settings or data',
    hint: `go on with the settings it began with, or choose another ${flag}`,
  })
}

const printSearch = (search: Search): string => `${JSON.stringify(search, null, 2)}\n`

const notTrained = (model: string): UserError =>
  new UserError({
    where: 'tune',
    problem: 'unsupported',
    value: `${model} is fitted by counting`,
    expected: 'a model that is trained',
  })
