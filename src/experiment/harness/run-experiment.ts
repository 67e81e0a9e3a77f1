/** @file Runs an experiment: prepares its data, trains what is not done yet, and has its results written. */
import { join } from 'node:path'
import { loadDataset } from '../../dataset/load.ts'
import { UserError, unknownName } from '../../errors.ts'
import type { JobQueue } from '../../jobs/queue.ts'
import { runJobs } from '../../jobs/run-jobs.ts'
import { sharedFolder } from '../../jobs/shared-folder.ts'
import { openRun } from '../../runs/open-run.ts'
import type { Comparison, DatasetChoice, Experiment, TrainedCell, Variant } from '../experiment.ts'
import type { ComparisonResult } from '../figures/comparison-result.ts'
import { writeResults } from '../figures/results-files.ts'
import { usualSeeds } from '../terms.ts'
import { type CellJob, cellJobs } from './cell-jobs.ts'
import { type PreparedDataset, preparedDataset } from './dataset-recipe.ts'
import { withFittedOptions } from './fitted-options.ts'
import { type Grid, gridOf, type SeededComparison } from './grid.ts'
import { isDone } from './grid-cell.ts'
import type { GridProgress } from './grid-progress.ts'
import { openStoredCells, type StoredCells } from './stored-cells.ts'

/** How an experiment is run. */
export interface ExperimentOptions {
  /** By default the experiment's, else 1, 2, 3. */
  readonly seeds?: readonly number[]
  /** Folder of the data sets. */
  readonly dataRoot: string
  /** Folder of the results. */
  readonly out: string
  /** Folder of datasets and cells; `runs/experiments` by default. */
  readonly runs?: string
  /** How many cells run side by side, each on one thread. */
  readonly jobs: number
  /** Whose workers run the cells, in place of this process and those beside it. */
  readonly queue?: JobQueue | undefined
  /** The address in S3-compatible storage of cells, datasets and results, for workers that share no folder. */
  readonly storage?: string | undefined
  /** Names of variants, or slugs of models, to train; the others are in the table if they are done. */
  readonly only?: readonly string[]
  /** Titles of tables to train for; the others have what is done. */
  readonly tables?: readonly string[]
  /** The models, for experiments that take them. */
  readonly models?: readonly string[]
  readonly signal?: AbortSignal
  readonly progress: GridProgress
}

/** Where datasets and cells are. */
const usualRuns = join('runs', 'experiments')

/** How an experiment ended; files and results are those of a finished one. */
export type ExperimentOutcome =
  | { readonly status: 'interrupted' }
  | {
      readonly status: 'finished'
      readonly results: readonly ComparisonResult[]
      /** The page, as written. */
      readonly page: string
      readonly files: readonly string[]
    }

/**
 * Runs an experiment to its end, or to where it is interrupted; the next start goes on from there.
 * @throws UserError for bad options before anything is trained, and `mismatched` rather than mix protocols in a table
 */
export async function runExperiment(experiment: Experiment, options: ExperimentOptions): Promise<ExperimentOutcome> {
  const { runs = usualRuns, progress } = options
  if (options.models && !experiment.models) {
    throw new UserError({
      where: '--models',
      problem: 'unsupported',
      value: options.models.join(','),
      expected: `none: ${experiment.name} has its own`,
    })
  }
  const models = options.models ?? experiment.models
  const comparisons = experiment
    .comparisons({ dataRoot: options.dataRoot, ...(models && { models }) })
    .map((one) => ({ ...one, seeds: options.seeds ?? one.seeds ?? experiment.seeds ?? usualSeeds }))
  const wanted = wantedBy(comparisons, options)
  using stored = await openedStorage(options)
  const datasets = await prepareAll(comparisons, join(runs, 'data'), progress)
  const gridFor = (comparison: SeededComparison): Grid => {
    const dataset = (variant: Variant, seed: number) => datasets(variant.dataset ?? comparison.dataset, seed)
    const prefix = comparisons.length > 1 ? `${comparison.title}, ` : ''
    return gridOf({ comparison, prefix, cells: join(runs, 'cells'), dataset, wanted: wanted(comparison) })
  }
  const grids: Grid[] = []
  for (const comparison of comparisons) {
    const [seed] = comparison.seeds as [number]
    grids.push(gridFor(await withFittedOptions(comparison, (choice) => datasets(choice, seed))))
  }
  await shareCells(grids, stored, options.signal)
  tellBudget(experiment, grids, progress)
  const isFinished = async (of: readonly Grid[], stage: 'tuningJobs' | 'jobs'): Promise<boolean> => {
    if (stage === 'jobs') await shareCells(of, stored, options.signal)
    const all = of.flatMap((grid) => grid[stage]())
    return (await runStage(all, options, stored)) === 'finished'
  }
  if (!(await isFinished(grids, 'tuningJobs')) || !(await isFinished(grids, 'jobs'))) return { status: 'interrupted' }
  // What is best and worst by now is run with more seeds, in a table after its own.
  const whole = grids.flatMap((grid) => {
    const more = grid.extremes()
    return more ? [grid, gridFor(more)] : [grid]
  })
  if (whole.length > grids.length && !(await isFinished(whole, 'jobs'))) return { status: 'interrupted' }
  const results = begunOf(whole, progress).map((grid) => grid.result())
  const findings = await experiment.look?.(whole.flatMap(trainedCells))
  const { page, files } = await writeResults(experiment, results, { ...options, runs, findings })
  return { status: 'finished', results, page, files: [...files, ...((await stored?.putResults(files)) ?? [])] }
}

/** The storage that is asked for, if one is. @throws UserError where it cannot be read and written */
async function openedStorage({ storage }: ExperimentOptions): Promise<StoredCells | undefined> {
  if (storage === undefined) return undefined
  // A place that may only be read is refused before anything is trained.
  await sharedFolder(storage)
  return openStoredCells(storage)
}

/** Has this host and the storage have the same cells of some grids, also of variants that are not wanted. */
async function shareCells(
  grids: readonly Grid[],
  stored: StoredCells | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!stored) return
  for (const grid of grids)
    for (const cell of grid.cells()) {
      if (signal?.aborted) return
      await stored.share(cell)
    }
}

/** The grids of which something is done, all where nothing is; says which are left out. */
function begunOf(grids: readonly Grid[], { say }: GridProgress): readonly Grid[] {
  const begun = grids.filter((grid) => grid.done().length > 0)
  if (begun.length === 0 || begun.length === grids.length) return grids
  const others = grids.filter((grid) => !begun.includes(grid))
  say(`left out, since nothing of it is done: ${others.map(({ title }) => title).join('; ')}`)
  return begun
}

/** Tells how much there is to do, unless nothing is. */
function tellBudget({ name, guess }: Experiment, grids: readonly Grid[], { say }: GridProgress): void {
  if (grids.every((grid) => grid.isDone())) return
  const count = grids.reduce((sum, grid) => sum + grid.planned(), 0)
  const trainings = count === 1 ? '1 cell' : `at most ${count} cells`
  const long = guess ? `; all of them take about ${guess.hours} hours on one core (${guess.from})` : ''
  say(`${name}: ${trainings}${long}`)
}

/** What a study may look into. */
const trainedCells = (grid: Grid): TrainedCell[] =>
  grid.done().map(({ variant, seed, cell }) => ({
    comparison: grid.title,
    variant: variant.name,
    seed,
    open: async () => openRun(cell.folder, { dataset: await loadDataset(cell.data) }),
  }))

/** Which variants of a table are trained. @throws UserError `unknown` for a name that no table has */
function wantedBy(
  comparisons: readonly Comparison[],
  { only, tables }: Pick<ExperimentOptions, 'only' | 'tables'>,
): (comparison: Comparison) => (variant: Variant) => boolean {
  const variants = comparisons.flatMap((comparison) => comparison.variants)
  const isVariant = oneOf(
    '--only',
    only,
    variants.flatMap(({ name, model }) => [name, model]),
  )
  const isTable = oneOf(
    '--tables',
    tables,
    comparisons.map(({ title }) => title),
  )
  return ({ title }) =>
    ({ name, model }) =>
      isTable(title) && (isVariant(name) || isVariant(model))
}

/** Whether a name is one of those that were asked for, whatever its case; all are where none was. */
function oneOf(
  flag: string,
  asked: readonly string[] | undefined,
  known: readonly string[],
): (name: string) => boolean {
  if (!asked) return () => true
  const names = new Set(asked.map((name) => name.toLowerCase()))
  const all = [...new Set(known)]
  const stranger = asked.find((name) => !all.some((one) => one.toLowerCase() === name.toLowerCase()))
  if (stranger !== undefined) throw unknownName(flag, stranger, all)
  return (name) => names.has(name.toLowerCase())
}

/** Prepares every dataset of the grid once, and finds it by its choice and seed. */
async function prepareAll(
  comparisons: readonly SeededComparison[],
  folder: string,
  progress: GridProgress,
): Promise<(choice: DatasetChoice, seed: number) => PreparedDataset> {
  const nameOf = (choice: DatasetChoice, seed: number): string => {
    const { name, settings, inputs } = choice.recipe(seed)
    return JSON.stringify([name, settings, inputs])
  }
  const datasets = new Map<string, PreparedDataset>()
  for (const { dataset, variants, seeds, extremes = [] } of comparisons) {
    for (const choice of new Set(variants.map((variant) => variant.dataset ?? dataset))) {
      for (const seed of new Set([...seeds, ...extremes])) {
        const name = nameOf(choice, seed)
        if (!datasets.has(name)) datasets.set(name, await preparedDataset(choice.recipe(seed), folder, progress.say))
      }
    }
  }
  return (choice, seed) => datasets.get(nameOf(choice, seed)) as PreparedDataset
}

/** Runs the jobs that are not done, each cell once. */
async function runStage(
  all: readonly CellJob[],
  options: ExperimentOptions,
  stored: StoredCells | undefined,
): Promise<'finished' | 'interrupted'> {
  const { jobs, queue, runs = usualRuns, dataRoot, signal, progress } = options
  const once = all.filter(({ cell }, at) => all.findIndex((other) => other.cell.key === cell.key) === at)
  const left = once.filter(({ cell, stage }) => !isDone(cell, stage))
  const open = stored ? await storedJobs(left, stored, queue ? join(runs, 'data') : undefined) : left
  progress.begin(open, once.length - open.length)
  const watched = { signal, report: progress.report }
  return queue
    ? queue.run(cellJobs, open, { ...watched, folder: stored?.address ?? runs, dataRoot, say: progress.say })
    : runJobs(cellJobs, open, { ...watched, jobs })
}

/**
 * Jobs whose cells go to the storage.
 * @param copies where workers have the datasets that they copy from there; undefined where this host does the jobs
 */
async function storedJobs(
  jobs: readonly CellJob[],
  stored: StoredCells,
  copies: string | undefined,
): Promise<CellJob[]> {
  const storage = stored.address
  if (copies === undefined) return jobs.map((job) => ({ ...job, storage }))
  const datasets = new Map(jobs.map(({ cell }) => [cell.dataKey, cell]))
  for (const cell of datasets.values()) await stored.putData(cell)
  return jobs.map(({ cell, ...job }) => ({
    ...job,
    storage,
    cell: { ...cell, data: join(copies, cell.dataKey) },
  }))
}
