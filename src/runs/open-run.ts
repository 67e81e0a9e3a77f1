/** @file Opens a trained run to rank with: its dataset, its split, and a scorer of its best parameters. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ClickSamples } from '../dataset/click-samples.ts'
import type { Dataset, Split } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { clickParameters } from '../learn/click-task.ts'
import { runFiles } from '../learn/loop.ts'
import { parametersOf } from '../learn/step.ts'
import type { ClickModel } from '../models/contract/click-model.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { isTrained, modelOf, predictsClicks } from '../models/registry.ts'
import { type ClickPredictor, clickPredictor } from '../rank/click-predictor.ts'
import { type NextItemScorer, nextItemScorer } from '../rank/scorer.ts'
import { readSafetensors, type StoredTensor } from '../storage/safetensors.ts'
import type { Parameter } from '../tensor/node.ts'
import { builtClickModel, builtModel } from './build-model.ts'
import { type ClickMaterial, materialOf, type NextItemMaterial } from './material.ts'
import { fingerprintOf, optionsOfRun, type Run, readRun } from './run-file.ts'
import { datasetOf } from './train-run.ts'

/** A run, open. */
export interface OpenRun extends AsyncDisposable {
  readonly folder: string
  readonly run: Run
  readonly dataset: Dataset
  readonly split: Split
  readonly scorer: Scorer | NextItemScorer
  /** How many of a user's last events the model reads. */
  readonly maxLength: number
}

/** How many events a model without windows is shown, like the paper's (R-M15). */
const defaultLength = 50

/** Where a run's dataset is, if not where the run says. */
interface OpenOptions {
  readonly data?: string
  /** The dataset, already in memory. */
  readonly dataset?: Dataset
}

/**
 * Opens a run that ranks the next item.
 * @param options.data where its dataset lies now, if not where the run says
 * @throws UserError `missing` before the first epoch ended, `corrupted` or `mismatched` for a checkpoint or dataset of another run, `unsupported` for
 * a model of clicks
 */
export async function openRun(folder: string, options: OpenOptions = {}): Promise<OpenRun> {
  const { run, path, tensors, ...stored } = await readTrained(folder, options)
  const { model: slug } = run
  const model = modelOf(slug)
  if (predictsClicks(model)) {
    const hint = `see how good it is with siftrec evaluate ${folder}, and what it says of a user with siftrec explain ${folder}`
    throw new UserError({
      where: folder,
      problem: 'unsupported',
      value: `${slug} predicts clicks`,
      expected: 'a model that ranks the next item',
      hint,
    })
  }
  const { dataset, split } = materialOf(run, stored.dataset) as NextItemMaterial
  const opened = { folder, run, dataset, split }
  if (!isTrained(model)) {
    const scorer = model.load(tensors, dataset, optionsOfRun(run))
    return { ...opened, scorer, maxLength: defaultLength, [Symbol.asyncDispose]: () => scorer[Symbol.asyncDispose]() }
  }
  const built = await builtModel(model, run, dataset, split)
  const { maxLength } = built.windows
  const parameters = storedParameters(
    parametersOf(built, { rows: 1, length: maxLength, targets: 1, targetsPerRow: 1 }),
    path,
    tensors,
  )
  const scorer = await nextItemScorer({ slug, model: built, dataset, parameters, runtime: runtimeOf(run) })
  return { ...opened, scorer, maxLength, [Symbol.asyncDispose]: () => scorer[Symbol.asyncDispose]() }
}

/** A run that predicts clicks, open. */
export interface OpenClickRun extends AsyncDisposable {
  readonly folder: string
  readonly run: Run
  readonly dataset: Dataset
  readonly samples: ClickSamples
  readonly model: ClickModel
  readonly predictor: ClickPredictor
}

/**
 * Opens a run that predicts clicks.
 * @throws UserError as {@link openRun}, and `unsupported` for a model that ranks the next item
 */
export async function openClickRun(folder: string, options: OpenOptions = {}): Promise<OpenClickRun> {
  const { run, path, tensors, dataset } = await readTrained(folder, options)
  if (!predictsClicks(modelOf(run.model))) {
    const hint = `see what it recommends with siftrec recommend ${folder}`
    throw new UserError({
      where: folder,
      problem: 'unsupported',
      value: `${run.model} ranks the next item`,
      expected: 'a model of clicks',
      hint,
    })
  }
  const material = materialOf(run, dataset) as ClickMaterial
  const { samples } = material
  const model = builtClickModel(run, material)
  const parameters = storedParameters(clickParameters(model), path, tensors)
  const predictor = clickPredictor({ model, dataset, samples, parameters, runtime: runtimeOf(run) })
  return {
    folder,
    run,
    dataset,
    samples,
    model,
    predictor,
    [Symbol.asyncDispose]: () => predictor[Symbol.asyncDispose](),
  }
}

/** Whether the run in a folder predicts clicks. @throws UserError as `readRun` */
export const isClickRun = (folder: string): boolean => predictsClicks(modelOf(readRun(folder).model))

const runtimeOf = ({ training }: Run): { threads: number } => ({ threads: training?.threads ?? 2 })

type Tensors = Readonly<Record<string, StoredTensor>>

async function readTrained(
  folder: string,
  options: OpenOptions,
): Promise<{ run: Run; path: string; tensors: Tensors; dataset: Dataset }> {
  const run = readRun(folder)
  const path = join(folder, runFiles.model)
  if (!existsSync(path)) {
    const hint = `to go on with it: siftrec train --resume ${folder}`
    throw new UserError({
      where: folder,
      problem: 'missing',
      value: runFiles.model,
      expected: 'a run that finished its first epoch',
      hint,
    })
  }
  const dataset =
    options.dataset?.hash === run.dataset.hash ? options.dataset : await datasetOf(folder, run, options.data)
  const { tensors, metadata } = readSafetensors(path)
  if (metadata['run'] !== fingerprintOf(run)) {
    throw foreign(
      path,
      metadata['format'] === 'siftrec-model'
        ? 'the model of another run, or run.json was edited'
        : 'not a model of ours',
    )
  }
  return { run, path, tensors, dataset }
}

function storedParameters(wanted: readonly Parameter[], path: string, tensors: Tensors): Map<string, Float32Array> {
  const parameters = new Map<string, Float32Array>()
  for (const { origin, shape } of wanted) {
    const stored = tensors[origin.name]
    if (!(stored?.data instanceof Float32Array)) throw foreign(path, `no parameter "${origin.name}"`)
    if (stored.shape.join() !== shape.join()) {
      throw foreign(path, `parameter "${origin.name}" has shape [${stored.shape.join(', ')}]`, `[${shape.join(', ')}]`)
    }
    parameters.set(origin.name, stored.data)
  }
  return parameters
}

function foreign(path: string, value: string, expected = 'the parameters that its run.json describes'): UserError {
  return new UserError({
    where: path,
    problem: 'mismatched',
    value,
    expected,
    hint: 'restore the folder from a copy, or train again',
  })
}
