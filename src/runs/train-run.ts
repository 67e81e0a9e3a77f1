/** @file Runs on disk: trains or fits a model into a folder, and goes on with one that was stopped. */
import { existsSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { TrainingData } from '../batches/kind.ts'
import { loadDataset } from '../dataset/load.ts'
import type { Dataset } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { atStart, readProgress } from '../learn/checkpoint.ts'
import { storedTrainingConfig } from '../learn/config.ts'
import { runFiles, type TrainingResult } from '../learn/loop.ts'
import { validationMetric } from '../metrics/table.ts'
import { parseOptions } from '../models/contract/options.ts'
import { modelOf } from '../models/registry.ts'
import type { Ranks } from '../mpi/ranks.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { lockIn, makeFolder } from '../storage/folders.ts'
import { takeLock } from '../storage/lock.ts'
import { fittingSettings, fittingText } from './fitting-settings.ts'
import { writeKnown } from './known.ts'
import { lackingText } from './lacking.ts'
import { refuseWithoutContent } from './needed-content.ts'
import { holdsRun, printRun, readRun } from './run-file.ts'
import { fingerprintOf, type Run } from './run-settings.ts'
import type { SplitInput } from './split-config.ts'
import type { Watching } from './task.ts'
import { splitSettings, taskOptions } from './task-options.ts'
import { taskOf } from './tasks.ts'

/** What {@link trainRun} needs. */
export interface RunSettings extends Watching {
  /** A slug of the registry. */
  readonly model: string
  readonly dataset: Dataset
  /** The folder to write. */
  readonly out: string
  /** The model's options; those left out have their defaults. */
  readonly config?: Readonly<Record<string, unknown>>
  /** The training options, for models that are trained. */
  readonly training?: Readonly<Record<string, unknown>>
  readonly split?: SplitInput
  /** What it learns from, already split, where that is not the dataset's own split: `dataset` is then the one in it. */
  readonly learnsFrom?: TrainingData
  /**
   * Parameters to begin with, by name, in place of those the seed draws: a warm start from another run's
   * `model.safetensors`.
   */
  readonly start?: ReadonlyMap<string, Float32Array>
  /**
   * Leaves options that are not given at their defaults, even where others would fit the data better: for experiments,
   * which say themselves what they compare.
   */
  readonly asGiven?: boolean
  /** Goes on with the same run in `out`, from its last checkpoint. */
  readonly resume?: boolean
  /** Replaces a run that is in `out`. */
  readonly overwrite?: boolean
}

/** How a run ended. */
export interface RunResult extends TrainingResult {
  readonly folder: string
  readonly run: Run
  /** What it learned from. */
  readonly data: TrainingData
}

/**
 * Trains (or fits) a model into a folder: `run.json`, `model.safetensors`, and for trained models a checkpoint after
 * each epoch.
 * @throws UserError for options out of range, a folder that holds a run already, a dataset that nothing can be learned
 * from, and `busy` while another process trains into the folder
 */
export async function trainRun(settings: RunSettings): Promise<RunResult> {
  const { out, resume = false, overwrite = false, ranks } = settings
  if (ranks && ranks.rank > 0) return follow(settings, ranks)
  const { run, data, told } = fitRun(settings)
  refuseRanks(run, ranks)
  if (resume) {
    readRun(out)
    await using _ = await takeLock(lockIn(out), out)
    const stored = readRun(out)
    if (fingerprintOf(stored) !== fingerprintOf(run)) throw otherSettings(out, stored, run)
    refuseOtherMetric(out, stored, data)
    const epochs = settings.training?.['epochs'] === undefined ? undefined : run.training?.epochs
    return await execute(await extended(out, stored, epochs), data, settings)
  }
  refuseForeign(out)
  if (holdsRun(out) && !overwrite) {
    const hint = `to continue it: siftrec train --resume ${out}; to replace it: --overwrite`
    throw new UserError({
      where: out,
      problem: 'duplicate',
      value: `the folder already holds a run of ${readRun(out).model}`,
      expected: 'a new folder',
      hint,
    })
  }
  const described: Run = run.training ? { ...run, keptBy: keptByOf(run, data) } : run
  const created = !existsSync(out)
  makeFolder(out)
  await using _ = await takeLock(lockIn(out), out)
  const { run: first, ...learned } = runFiles
  // The old run.json goes last and at once: a kill before that leaves the old run, to be trained anew.
  for (const file of Object.values(learned)) rmSync(join(out, file), { force: true })
  try {
    await writeAtomically(join(out, first), printRun(described))
    return await execute(described, data, told ? announcing(settings, told) : settings)
  } catch (error) {
    if (!existsSync(join(out, runFiles.checkpoint)) && !existsSync(join(out, runFiles.model))) discard(out, created)
    throw error
  }
}

/** Tells what was chosen when training starts: not before, since there may be nothing to learn from. */
function announcing(settings: RunSettings, text: string): RunSettings {
  const { report } = settings
  if (!report) return settings
  return {
    ...settings,
    report(event) {
      if (event.kind === 'start') report({ kind: 'note', text })
      report(event)
    },
  }
}

/**
 * A run with settings that fit its data, what it learns from, and what was chosen, in words. All that may be
 * refused comes before any folder is made: a wrong setting must leave none behind.
 */
function fitRun(settings: RunSettings): { run: Run; data: TrainingData; told: string } {
  const { model, dataset, config = {}, training = {}, asGiven = false } = settings
  const run = describeRun(settings)
  const data = settings.learnsFrom ?? dataOf(run, dataset)
  refuseWithoutContent(modelOf(model), run.config, dataset)
  const lacking = lackingText(run, dataset)
  if (asGiven) return { run, data, told: lacking }
  const fitting = fittingSettings(model, data)
  const open = (options: object, given: object) =>
    Object.fromEntries(Object.entries(options).filter(([name]) => !(name in given)))
  const chosen = { config: open(fitting.config, config), training: open(fitting.training, training) }
  const fitted = { ...settings, config: { ...config, ...chosen.config }, training: { ...training, ...chosen.training } }
  const chose = fittingText(dataset.manifest.counts.users, chosen)
  return { run: describeRun(fitted), data, told: [lacking, chose].filter((text) => text !== '').join('\n') }
}

/**
 * A run starts by removing what an earlier one learned.
 * @throws UserError `duplicate` for a file of that name that no run of ours left
 */
function refuseForeign(out: string): void {
  if (holdsRun(out)) return
  const foreign = Object.values(runFiles).find((file) => existsSync(join(out, file)))
  if (foreign === undefined) return
  const value = `the folder holds ${foreign}, which is not of a run`
  throw new UserError({ where: out, problem: 'duplicate', value, hint: 'choose another folder' })
}

/**
 * Goes on with the run in a folder, from its last checkpoint, to the very bytes an uninterrupted run would have
 * written.
 * @param watching.epochs the most epochs from now on: a run that ended at its last one goes on
 * @throws UserError as `readRun` and {@link extended}, `mismatched` when the dataset changed since, `busy` while
 * another process trains it
 */
export async function resumeRun(
  folder: string,
  watching: Watching & { readonly data?: string; readonly epochs?: unknown } = {},
): Promise<RunResult> {
  const { ranks } = watching
  if (ranks && ranks.rank > 0) {
    const dataset = await datasetOf(folder, readRun(folder), watching.data)
    return follow({ ...watching, dataset, out: folder, resume: true }, ranks)
  }
  readRun(folder)
  await using _ = await takeLock(lockIn(folder), folder)
  const stored = readRun(folder)
  const data = dataOf(stored, await datasetOf(folder, stored, watching.data))
  refuseOtherMetric(folder, stored, data)
  refuseRanks(stored, ranks)
  const run = await extended(folder, stored, watching.epochs)
  return await execute(run, data, { ...watching, out: folder, resume: true })
}

/** What decides which epoch is kept. */
function keptByOf({ model }: Run, data: TrainingData): NonNullable<Run['keptBy']> {
  if (!taskOf(model).validates(data)) return 'training loss'
  return taskOptions(model).metric === validationMetric.clicks ? 'validation log loss' : 'validation'
}

/**
 * Values of two metrics cannot be compared: a model of clicks may have been validated by AUC once.
 * @throws UserError `unsupported` for a run whose best epoch was chosen by another metric than now
 */
function refuseOtherMetric(folder: string, run: Run, data: TrainingData): void {
  if (!run.training || keptByOf(run, data) !== 'validation log loss' || run.keptBy === 'validation log loss') return
  throw new UserError({
    where: folder,
    problem: 'unsupported',
    value: 'a training whose best epoch was chosen by AUC',
    expected: 'one that is validated by log loss',
    hint: 'train again with --overwrite',
  })
}

/** What a run learns from. @throws UserError as `splitDataset` and `clickSamples` */
const dataOf = ({ model, split }: Run, dataset: Dataset): TrainingData => taskOf(model).split(dataset, split)

/**
 * The dataset of a run, which must be the very one it was trained on.
 * @param data where it lies now, if not where the run says
 * @throws UserError `mismatched` when it changed
 */
export async function datasetOf(
  folder: string,
  { dataset: { folder: known, hash } }: Run,
  data = known,
): Promise<Dataset> {
  const dataset = await loadDataset(data)
  if (dataset.hash === hash) return dataset
  throw new UserError({
    where: data,
    problem: 'mismatched',
    value: `a dataset with hash ${dataset.hash.slice(0, 12)}`,
    expected: `the one that ${folder} was trained on, ${hash.slice(0, 12)}`,
    hint: `prepare it again from the same files; a run is served on a later dataset with --data ${data}`,
  })
}

/**
 * The run with another number of epochs at most, written to its `run.json`; the very run where that is its number.
 * @throws UserError `unsupported` for a model that is not trained in epochs or whose later stages began, `invalid` for
 * fewer epochs than were trained
 */
async function extended(folder: string, run: Run, wanted: unknown): Promise<Run> {
  if (wanted === undefined || wanted === run.training?.epochs) return run
  const where = `${folder} --epochs`
  if (!run.training)
    throw new UserError({ where, problem: 'unsupported', value: `${run.model} is fitted by counting, not in epochs` })
  const training = parseOptions('training', storedTrainingConfig, { ...run.training, epochs: wanted })
  const checkpoint = join(folder, runFiles.checkpoint)
  const { epoch, stage } = existsSync(checkpoint) ? readProgress(checkpoint) : atStart
  if (stage > 0)
    throw new UserError({
      where,
      problem: 'unsupported',
      value: `${run.model} is in its stage ${stage + 1}, and more epochs would be for the first`,
      hint: 'train again with --overwrite',
    })
  if (training.epochs < epoch)
    throw new UserError({
      where,
      problem: 'invalid',
      value: `${training.epochs}`,
      expected: `at least the ${epoch} epochs that are trained`,
    })
  const longer = { ...run, training }
  await writeAtomically(join(folder, runFiles.run), printRun(longer))
  return longer
}

function describeRun({ model: slug, dataset, config = {}, training = {}, split = {} }: RunSettings): Run {
  const model = modelOf(slug)
  const { training: trainingOptions } = taskOptions(slug)
  return {
    format: 'siftrec-run',
    version: 1,
    model: slug,
    config: parseOptions(slug, model.config, config) as Run['config'],
    training: trainingOptions ? parseOptions('training', trainingOptions, training) : null,
    dataset: { folder: dataset.folder, name: dataset.manifest.name, hash: dataset.hash },
    split: splitSettings(slug, dataset, split),
  }
}

async function execute(run: Run, data: TrainingData, settings: Learning): Promise<RunResult> {
  const { out, ranks } = settings
  await writeKnown(out, run, data)
  await ranks?.together()
  const result = await learn(run, data, settings)
  if (run.training) {
    await writeAtomically(join(out, runFiles.epochs), `${JSON.stringify(result.history, null, 2)}\n`)
  }
  return { folder: out, run, data, ...result }
}

/** What {@link learn} needs of the settings. */
type Learning = Watching & Pick<RunSettings, 'out' | 'resume' | 'start'>

const learn = (
  run: Run,
  data: TrainingData,
  { out, resume, start, signal, report, ranks, shardItems, checkpointMinutes: minutes }: Learning,
) =>
  taskOf(run.model).learn({
    run,
    data,
    out,
    fingerprint: fingerprintOf(run),
    ...(resume && { resume }),
    ...(start && { start }),
    watching: {
      ...(signal && { signal }),
      ...(report && { report }),
      ...(minutes !== undefined && { checkpointMinutes: minutes }),
      ...(shardItems && { shardItems }),
      ranks,
    },
  })

/** Trains beside the first rank, which refuses what must be refused and writes the run before this one reads it. */
async function follow(settings: Learning & Pick<RunSettings, 'dataset'>, ranks: Ranks): Promise<RunResult> {
  const { dataset, out } = settings
  await ranks.together()
  const run = readRun(out)
  const data = dataOf(run, dataset)
  const { report: _, ...silent } = settings
  return { folder: out, run, data, ...(await learn(run, data, silent)) }
}

/** @throws UserError `unsupported` for several processes and a model that is counted */
function refuseRanks({ model, training }: Run, ranks: Ranks | undefined): void {
  if (!ranks || training) return
  throw new UserError({
    where: 'mpirun',
    problem: 'unsupported',
    value: `${model} is fitted by counting, which one process does`,
    hint: `leave mpirun out: siftrec train ${model}`,
  })
}

/** Takes away what a run that never got to its first checkpoint wrote, and its folder if that was new. */
function discard(out: string, created: boolean): void {
  if (created) rmSync(resolve(out), { recursive: true, force: true })
  else for (const file of [runFiles.run, runFiles.known, runFiles.offline]) rmSync(join(out, file), { force: true })
}

function otherSettings(out: string, stored: Run, run: Run): UserError {
  const flat = (of: Run): Record<string, unknown> => ({
    model: of.model,
    ...of.config,
    ...of.training,
    ...of.split,
    dataset: of.dataset.hash.slice(0, 12),
  })
  const [before, now] = [flat(stored), flat(run)]
  const name =
    Object.keys({ ...before, ...now }).find((key) => JSON.stringify(before[key]) !== JSON.stringify(now[key])) ??
    'settings'
  return new UserError({
    where: `${out} ${name}`,
    problem: 'mismatched',
    value: JSON.stringify(now[name]) ?? 'nothing',
    expected: `${JSON.stringify(before[name])}, which the run was started with`,
    hint: `to continue with the settings it was started with: siftrec train --resume ${out}`,
  })
}
