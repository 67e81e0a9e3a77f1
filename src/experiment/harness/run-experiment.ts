/** @file Runs an experiment: prepares its data, trains what is not done yet, and writes its one results table in three forms and a plot. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { UserError, unknownName } from '../../errors.ts'
import { writeAtomically } from '../../storage/atomic.ts'
import { writeParquetTable } from '../../storage/parquet-table.ts'
import type { Comparison, DatasetChoice, Experiment, Variant } from '../experiment.ts'
import { type ComparisonResult, headlineOf, rounded, rowsOf } from '../figures/results.ts'
import { comparisonPage } from '../figures/tables.ts'
import { type PreparedDataset, prepared } from './dataset-recipe.ts'
import { type Grid, gridOf } from './grid.ts'
import type { GridProgress } from './grid-progress.ts'
import { isDone } from './run-cell.ts'
import { type Job, runJobs } from './schedule.ts'

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
  /** Names of variants, or slugs of models, to train; the others are in the table if they are done. */
  readonly only?: readonly string[]
  /** The models, for experiments that take them. */
  readonly models?: readonly string[]
  readonly signal?: AbortSignal
  readonly progress: GridProgress
}

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
  const { runs = join('runs', 'experiments'), progress, jobs, signal } = options
  const seeds = options.seeds ?? experiment.seeds ?? [1, 2, 3]
  if (options.models && !experiment.models) {
    throw new UserError({
      where: '--models',
      problem: 'unsupported',
      value: options.models.join(','),
      expected: `none: ${experiment.name} has its own`,
    })
  }
  const models = options.models ?? experiment.models
  const comparisons = experiment.comparisons({ dataRoot: options.dataRoot, ...(models && { models }) })
  const wanted = wantedBy(comparisons, options.only)
  const datasets = await prepareAll(comparisons, seeds, join(runs, 'data'), progress)
  const grids = comparisons.map((comparison) => {
    const dataset = (variant: Variant, seed: number) => datasets(variant.dataset ?? comparison.dataset, seed)
    const prefix = comparisons.length > 1 ? `${comparison.title}, ` : ''
    return gridOf({ comparison, seeds, prefix, cells: join(runs, 'cells'), dataset, wanted })
  })
  for (const stage of ['tuningJobs', 'jobs'] as const) {
    const status = await runStage(
      grids.flatMap((grid: Grid) => grid[stage]()),
      { jobs, signal, progress },
    )
    if (status === 'interrupted') return { status }
  }
  const results = grids.map((grid) => grid.result())
  return { status: 'finished', results, ...(await writeResults(experiment, results, { ...options, runs, seeds })) }
}

/** Which variants are trained. @throws UserError `unknown` for a name that no comparison has */
function wantedBy(
  comparisons: readonly Comparison[],
  only: readonly string[] | undefined,
): (variant: Variant) => boolean {
  if (!only) return () => true
  const asked = only.map((name) => name.toLowerCase())
  const variants = comparisons.flatMap(({ variants }) => variants)
  const known = [...new Set(variants.flatMap(({ name, model }) => [name, model]))]
  for (const [at, name] of asked.entries())
    if (!known.some((one) => one.toLowerCase() === name)) throw unknownName('--only', only[at] as string, known)
  return ({ name, model }) => asked.includes(name.toLowerCase()) || asked.includes(model)
}

/** Prepares every dataset of the grid once, and finds it by its choice and seed. */
async function prepareAll(
  comparisons: readonly Comparison[],
  seeds: readonly number[],
  folder: string,
  progress: GridProgress,
): Promise<(choice: DatasetChoice, seed: number) => PreparedDataset> {
  const nameOf = (choice: DatasetChoice, seed: number): string => {
    const { name, settings, inputs } = choice.recipe(seed)
    return JSON.stringify([name, settings, inputs])
  }
  const made = new Map<string, PreparedDataset>()
  for (const { dataset, variants } of comparisons) {
    for (const choice of new Set(variants.map((variant) => variant.dataset ?? dataset))) {
      for (const seed of seeds) {
        const name = nameOf(choice, seed)
        if (!made.has(name)) made.set(name, await prepared(choice.recipe(seed), folder, progress.say))
      }
    }
  }
  return (choice, seed) => made.get(nameOf(choice, seed)) as PreparedDataset
}

/** Runs the jobs that are not done, each cell once. */
function runStage(
  all: readonly Job[],
  { jobs, signal, progress }: Pick<ExperimentOptions, 'jobs' | 'progress'> & { signal: AbortSignal | undefined },
): Promise<'finished' | 'interrupted'> {
  const once = all.filter(({ cell }, at) => all.findIndex((other) => other.cell.key === cell.key) === at)
  const open = once.filter(({ cell, stage }) => !isDone(cell, stage))
  progress.begin(open, once.length - open.length)
  return runJobs(open, { jobs, signal, report: progress.report })
}

const kinds = {
  model: 'VARCHAR',
  options: 'VARCHAR',
  dataset: 'VARCHAR',
  split: 'VARCHAR',
  protocol: 'VARCHAR',
  metric: 'VARCHAR',
  mean: 'DOUBLE',
  low: 'DOUBLE',
  high: 'DOUBLE',
  seeds: 'INTEGER[]',
} as const

async function writeResults(
  experiment: Experiment,
  results: readonly ComparisonResult[],
  { out, runs, seeds, models }: Pick<ExperimentOptions, 'out' | 'models'> & { runs: string; seeds: readonly number[] },
): Promise<{ page: string; files: string[] }> {
  const { name, title, about } = experiment
  const own = join(runs, name)
  for (const folder of [out, own]) mkdirSync(folder, { recursive: true })
  const usual = (experiment.seeds ?? [1, 2, 3]).join()
  const flags = [
    ...(models ? [` --models ${models.join(',')}`] : []),
    ...(seeds.join() === usual ? [] : [` --seeds ${seeds.join(',')}`]),
  ]
  const command = `npx siftrec experiment ${name}${flags.join('')}`
  const rows = results.flatMap(rowsOf)
  const page = pageOf(experiment, command, results)
  const files = {
    json: join(out, `${name}.json`),
    md: join(out, `${name}.md`),
    svg: join(out, `${name}.svg`),
    parquet: join(own, `${name}.parquet`),
  }
  await writeAtomically(
    files.json,
    printJson({ name, title, about, command }, { rows, comparisons: results.map(withoutRows) }),
  )
  await writeAtomically(files.md, page)
  // Loaded where it is needed: every other command would start the slower for it.
  const { drawPlot, plotOfVariants } = await import('../figures/plot.ts')
  await writeAtomically(files.svg, drawPlot(experiment.plot?.(results) ?? plotOfVariants(title, results)))
  await writeParquetTable(
    files.parquet,
    kinds,
    rows.map((row) => ({ ...row, options: JSON.stringify(row.options) })),
  )
  return { page, files: Object.values(files) }
}

/** JSON with an element of each list on a line of its own, so that a changed figure is a changed line. */
function printJson(
  head: Readonly<Record<string, string>>,
  lists: Readonly<Record<string, readonly unknown[]>>,
): string {
  const texts = Object.entries(head).map(([name, value]) => ` ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
  const listed = Object.entries(lists).map(
    ([name, list]) => ` ${JSON.stringify(name)}: [\n${list.map((one) => `  ${JSON.stringify(one)}`).join(',\n')}\n ]`,
  )
  return `{\n${[...texts, ...listed].join(',\n')}\n}\n`
}

function pageOf(
  { name, title, about, notes }: Experiment,
  command: string,
  results: readonly ComparisonResult[],
): string {
  const clicks = results.some(({ variants }) => variants.some(({ figures }) => headlineOf(figures) === 'impressions'))
  const how = clicks
    ? "A figure is the mean over the seeds. The intervals of AUC and of its differences, taken impression by impression, are DeLong's for that mean at 95 %; that of the log loss is a bootstrap over users. Calibration is the clicks expected over those that came."
    : 'A figure is the mean over the seeds, with the 95 % bootstrap interval over users of the metric averaged over the seeds; a difference is taken target by target.'
  const own = notes?.(results)
  const parts = [
    `# ${title}`,
    about,
    `\`${command}\` makes this page, [its rows](${name}.json) and the plot. ${how}`,
    `![${title}](${name}.svg)`,
  ]
  return `${[...parts, ...(own === undefined ? [] : [own]), ...results.map(comparisonPage)].join('\n\n')}\n`
}

/** What the file tells of a comparison beside its rows. */
function withoutRows({ title, frame, targets, users, seeds, measure, variants, tried }: ComparisonResult): unknown {
  return {
    title,
    protocol: frame,
    targets,
    users,
    seeds,
    variants: variants.map(({ variant, model, options, dataset, difference, improvement, bestEpochs, measures }) => ({
      variant,
      model,
      options,
      dataset,
      bestEpochs,
      ...(improvement && { relaImpr: rounded(improvement.relaImpr), aucRatio: rounded(improvement.aucRatio) }),
      ...(measure !== undefined && measures.length > 0 && { [measure]: measures.map(rounded) }),
      ...(difference && {
        difference: {
          against: difference.against,
          ...Object.fromEntries(
            Object.entries(difference.figures).map(([metric, { mean, low = 0, high = 0 }]) => [
              metric,
              { mean: rounded(mean), low: rounded(low), high: rounded(high) },
            ]),
          ),
        },
      }),
    })),
    tried: tried.map((one) => ({ ...one, validation: rounded(one.validation) })),
  }
}
