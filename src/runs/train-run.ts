/** @file Runs on disk: trains or fits a model into a folder, and goes on with one that was stopped. */
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadDataset } from '../dataset/load.ts'
import type { Dataset } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { clickTask } from '../learn/click-task.ts'
import { type TrainingConfig, trainingConfig } from '../learn/config.ts'
import { runFiles, type TrainingEvent, type TrainingResult, trainModel } from '../learn/loop.ts'
import { nextItemTask } from '../learn/next-item-task.ts'
import type { FittedModel } from '../models/contract/fitted-model.ts'
import type { NextItemDefinition } from '../models/contract/model.ts'
import { parseOptions } from '../models/contract/options.ts'
import { isTrained, modelOf } from '../models/registry.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { encodeSafetensors } from '../storage/safetensors.ts'
import { builtClickModel, builtModel } from './build-model.ts'
import { type Material, materialOf, type NextItemMaterial } from './material.ts'
import { fingerprintOf, holdsRun, optionsOfRun, printRun, type Run, readRun } from './run-file.ts'
import { type SplitInput, splitSettings } from './split-config.ts'

/** What listens to a run and can stop it. */
interface Watching {
  /** Aborting finishes the step, saves, and ends the run as interrupted. */
  readonly signal?: AbortSignal
  readonly report?: (event: TrainingEvent) => void
}

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
  /** Goes on with the same run in `out`, from its last checkpoint. */
  readonly resume?: boolean
  /** Replaces a run that is in `out`. */
  readonly overwrite?: boolean
}

/** How a run ended. */
export interface RunResult extends TrainingResult {
  readonly folder: string
  readonly run: Run
}

/**
 * Trains (or fits) a model into a folder: `run.json`, `model.safetensors`, and for trained models a checkpoint after each epoch.
 * @throws UserError for options out of range, a folder that holds a run already, or a dataset that nothing can be learned from
 */
export async function trainRun(settings: RunSettings): Promise<RunResult> {
  const { dataset, out, resume = false, overwrite = false } = settings
  const run = describeRun(settings)
  if (resume) {
    const stored = readRun(out)
    if (fingerprintOf(stored) !== fingerprintOf(run)) throw otherSettings(out, stored, run)
    return execute(stored, materialOf(stored, dataset), settings)
  }
  if (holdsRun(out) && !overwrite) {
    const hint = `to go on with it: siftrec train --resume ${out}; to replace it: --overwrite`
    throw new UserError({
      where: out,
      problem: 'duplicate',
      value: `it holds a run of ${readRun(out).model}`,
      expected: 'a new folder',
      hint,
    })
  }
  // Splits first: a wrong setting must leave no folder behind.
  const material = materialOf(run, dataset)
  const created = !existsSync(out)
  mkdirSync(out, { recursive: true })
  for (const file of Object.values(runFiles)) rmSync(join(out, file), { force: true })
  try {
    await writeAtomically(join(out, runFiles.run), printRun(run))
    return await execute(run, material, settings)
  } catch (error) {
    if (!existsSync(join(out, runFiles.checkpoint)) && !existsSync(join(out, runFiles.model))) discard(out, created)
    throw error
  }
}

/**
 * Goes on with the run in a folder, from its last checkpoint, to the very bytes an uninterrupted run would have written.
 * @throws UserError as `readRun`, and `mismatched` when the dataset changed since
 */
export async function resumeRun(
  folder: string,
  watching: Watching & { readonly data?: string } = {},
): Promise<RunResult> {
  const run = readRun(folder)
  return execute(run, materialOf(run, await datasetOf(folder, run, watching.data)), {
    ...watching,
    out: folder,
    resume: true,
  })
}

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
    hint: 'train again, or prepare the dataset as it was',
  })
}

function describeRun({ model: slug, dataset, config = {}, training = {}, split = {} }: RunSettings): Run {
  const model = modelOf(slug)
  return {
    format: 'siftrec-run',
    version: 1,
    model: slug,
    config: parseOptions(slug, model.config, config) as Run['config'],
    training: isTrained(model) ? parseOptions('training', trainingConfig, training) : null,
    dataset: { folder: dataset.folder, name: dataset.manifest.name, hash: dataset.hash },
    split: splitSettings(slug, dataset, split),
  }
}

async function execute(
  run: Run,
  material: Material,
  { out, resume, signal, report }: Watching & { out: string; resume?: boolean },
): Promise<RunResult> {
  const { dataset } = material
  if (!run.training) return { folder: out, run, ...(await fit(run, material, out)) }
  const rest = {
    training: run.training,
    dataset,
    folder: out,
    fingerprint: fingerprintOf(run),
    ...(resume && { resume }),
  }
  const watching = { ...(signal && { signal }), ...(report && { report }) }
  // Two calls, since the tasks have batches of two kinds.
  const result =
    'samples' in material
      ? await trainModel({
          task: clickTask({ ...material, model: builtClickModel(run, material), training: run.training }),
          ...rest,
          ...watching,
        })
      : await trainModel({ task: await nextItem(run, run.training, material), ...rest, ...watching })
  await writeAtomically(join(out, runFiles.epochs), `${JSON.stringify(result.history, null, 2)}\n`)
  return { folder: out, run, ...result }
}

async function nextItem(run: Run, training: TrainingConfig, { dataset, split }: NextItemMaterial) {
  const model = await builtModel(modelOf(run.model) as NextItemDefinition, run, dataset, split)
  return nextItemTask({ slug: run.model, model, training, dataset, split })
}

async function fit(run: Run, material: Material, out: string): Promise<TrainingResult> {
  const { dataset, split } = material as NextItemMaterial
  const tensors = (modelOf(run.model) as FittedModel<unknown>).fit(dataset, split, optionsOfRun(run))
  await writeAtomically(
    join(out, runFiles.model),
    encodeSafetensors(tensors, { format: 'siftrec-model', run: fingerprintOf(run) }),
  )
  return { status: 'finished', epochs: 0, best: null, history: [] }
}

/** Takes away what a run that never got to its first checkpoint wrote, and its folder if that was new. */
function discard(out: string, created: boolean): void {
  if (created) rmSync(resolve(out), { recursive: true, force: true })
  else rmSync(join(out, runFiles.run), { force: true })
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
    expected: `${JSON.stringify(before[name])}, as the run was started`,
    hint: `to go on as it was started: siftrec train --resume ${out}`,
  })
}
