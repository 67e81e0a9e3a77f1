/** @file What lies beside a served run: other runs on its dataset, their epochs, and evaluations of them. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import * as z from 'zod'
import { UserError } from '../errors.ts'
import { holdsRun, readRun, runPath } from '../runs/run-file.ts'
import { fingerprintOf, modelTitle, type Run } from '../runs/run-settings.ts'
import { parsedJson } from '../storage/json.ts'

const epoch = z.object({
  epoch: z.int(),
  stage: z.string().optional(),
  loss: z.number(),
  validation: z.number().nullable(),
})
/** One epoch of a training: its loss, and its validation where there was one. */
export type EpochFacts = z.infer<typeof epoch>

/** A run as its folder tells it. */
export interface RunFacts extends Pick<Run, 'model' | 'config' | 'training' | 'split' | 'keptBy'> {
  /** The folder's name. */
  readonly name: string
  /** What people call its model. */
  readonly title: string
  readonly dataset: string
  readonly fingerprint: string
  /** When its model was written, milliseconds since 1970; absent before the first epoch ended. */
  readonly trained?: number
  /** None for a model that is fitted by counting. */
  readonly epochs: readonly EpochFacts[]
  /** The epoch that was kept. */
  readonly best?: number
}

const interval = z.object({ mean: z.number(), low: z.number().optional(), high: z.number().optional() })
const figures = z.record(z.string(), interval)
const rankReport = z
  .object({
    model: z.string(),
    name: z.string().optional(),
    dataset: z.object({ name: z.string(), hash: z.string() }),
    part: z.string(),
    slices: z.object({ all: z.object({ targets: z.int(), users: z.int(), full: figures }) }),
  })
  .transform(({ model, name = model, dataset, part, slices: { all } }) => {
    const { targets, users, full } = all
    return { model, name, hash: dataset.hash, part, targets, users, figures: full }
  })
const evaluationFile = z.object({
  reports: z.array(rankReport).min(1),
  differences: z
    .array(z.object({ run: z.string(), less: z.string(), metric: z.string(), difference: interval }))
    .default([]),
})

/** A measured mean, and where it would fall in 95 of 100 repeats. */
export type IntervalFacts = z.infer<typeof interval>
/** How good one run was in an evaluation. */
export interface MeasuredRun {
  /** What the evaluation calls it, and the folder of the run, where only one can be meant. */
  readonly name: string
  readonly model: string
  /** What people call that model. */
  readonly title: string
  readonly run?: string
  readonly targets: number
  readonly users: number
  /** Against the full catalog, by key and list length: `ndcg@10`. */
  readonly figures: Readonly<Record<string, IntervalFacts>>
}
/** An evaluation that "siftrec evaluate --out FILE.json" wrote. */
export interface EvaluationFacts {
  readonly file: string
  readonly part: string
  /** When it was written, milliseconds since 1970. */
  readonly written: number
  readonly runs: readonly MeasuredRun[]
  /** Paired differences, `run` less `less`, of the names that the runs have here. */
  readonly differences: z.infer<typeof evaluationFile>['differences']
}
/** All of it. */
export interface RunsAnswer {
  readonly runs: readonly RunFacts[]
  /** The latest first. */
  readonly evaluations: readonly EvaluationFacts[]
}

/** A larger file is no evaluation. */
const mostBytes = 2 ** 22

/**
 * The runs beside a run on the same dataset, itself among them, and evaluations that lie beside them. What cannot be
 * read is left out: a folder of runs may hold anything.
 * @throws UserError as `readRun` does, of the run itself
 */
export function runFacts(folder: string): RunsAnswer {
  const place = dirname(resolve(folder))
  const { hash } = readRun(folder).dataset
  const entries = readdirSync(place, { withFileTypes: true })
  const runs = entries
    .filter((entry) => holdsRun(join(place, entry.name)))
    .flatMap((entry) => factsOf(join(place, entry.name), hash) ?? [])
    .sort((a, b) => a.name.localeCompare(b.name))
  const evaluations = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .flatMap((entry) => evaluationOf(join(place, entry.name), hash, runs) ?? [])
    .sort((a, b) => b.written - a.written)
  return { runs, evaluations }
}

function factsOf(folder: string, hash: string): RunFacts | undefined {
  let run: Run
  try {
    run = readRun(folder)
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
  if (run.dataset.hash !== hash) return undefined
  const { model, config, training, split, keptBy, dataset } = run
  const written = runPath(folder, 'model')
  const epochs = epochsOf(runPath(folder, 'epochs'))
  const best = bestOf(epochs, keptBy)
  return {
    name: basename(folder),
    title: modelTitle(model),
    model,
    config,
    training,
    split,
    ...(keptBy && { keptBy }),
    dataset: dataset.name,
    fingerprint: fingerprintOf(run),
    ...(existsSync(written) && { trained: statSync(written).mtimeMs }),
    epochs,
    ...(best !== undefined && { best }),
  }
}

function epochsOf(path: string): EpochFacts[] {
  if (!existsSync(path)) return []
  return z.array(epoch).safeParse(parsedJson(readFileSync(path, 'utf8'))).data ?? []
}

/**
 * Of the last stage, the epoch with the best validation, or with the lowest loss where nothing validated. A run of
 * before `keptBy` was written kept the highest validation.
 */
function bestOf(epochs: readonly EpochFacts[], keptBy: Run['keptBy']): number | undefined {
  const last = epochs.filter(({ stage }) => stage === epochs.at(-1)?.stage)
  const worth = ({ loss, validation }: EpochFacts): number => {
    if (validation === null) return -loss
    return keptBy === 'validation log loss' ? -validation : validation
  }
  return last.toSorted((a, b) => worth(b) - worth(a))[0]?.epoch
}

function evaluationOf(path: string, hash: string, runs: readonly RunFacts[]): EvaluationFacts | undefined {
  const { size, mtimeMs: written } = statSync(path)
  if (size > mostBytes) return undefined
  const { data } = evaluationFile.safeParse(parsedJson(readFileSync(path, 'utf8')))
  const [first] = data?.reports ?? []
  if (!data || !first || data.reports.some((report) => report.hash !== hash)) return undefined
  const { differences, reports } = data
  const measured = reports.map(({ model, name, targets, users, figures }) => {
    const run = meantBy({ model, name }, runs)
    return { name, model, title: modelTitle(model), ...(run !== undefined && { run }), targets, users, figures }
  })
  return { file: basename(path), part: first.part, written, runs: measured, differences }
}

/** The run that a report is of: the only one of its model, or the one whose folder its name ends with. */
function meantBy({ model, name }: { model: string; name: string }, runs: readonly RunFacts[]): string | undefined {
  const alike = runs.filter((run) => run.model === model)
  return (alike.length === 1 ? alike[0] : alike.find((run) => name === `${model} ${run.name}`))?.name
}
