/** @file Opens a trained run to rank with: its dataset, its split, and a scorer of its best parameters. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Dataset, Split } from '../data/schema.ts'
import { splitDataset } from '../data/splits.ts'
import { UserError } from '../errors.ts'
import type { NextItemModel } from '../models/model.ts'
import { isTrained, modelOf } from '../models/registry.ts'
import type { Scorer } from '../models/scorer.ts'
import { type NextItemScorer, nextItemScorer } from '../ranking/scorer.ts'
import { readSafetensors, type StoredTensor } from '../storage/safetensors.ts'
import { builtModel } from './built-model.ts'
import { runFiles } from './loop.ts'
import { datasetOf } from './run.ts'
import { fingerprintOf, optionsOfRun, type Run, readRun } from './run-file.ts'
import { parametersOf } from './step.ts'

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

/**
 * Opens a run.
 * @param options.data where its dataset lies now, if not where the run says
 * @param options.dataset the dataset, already in memory
 * @throws UserError `missing` before the first epoch ended, `corrupted` or `mismatched` for a checkpoint or dataset of another run
 */
export async function openRun(folder: string, options: { readonly data?: string; readonly dataset?: Dataset } = {}): Promise<OpenRun> {
  const run = readRun(folder)
  const path = join(folder, runFiles.model)
  if (!existsSync(path)) {
    const hint = `to go on with it: siftrec train --resume ${folder}`
    throw new UserError({ where: folder, problem: 'missing', value: runFiles.model, expected: 'a run that finished its first epoch', hint })
  }
  const dataset = options.dataset?.hash === run.dataset.hash ? options.dataset : await datasetOf(folder, run, options.data)
  const { tensors, metadata } = readSafetensors(path)
  if (metadata['run'] !== fingerprintOf(run)) {
    throw foreign(path, metadata['format'] === 'siftrec-model' ? 'the model of another run, or run.json was edited' : 'not a model of ours')
  }
  const model = modelOf(run.model)
  const opened = { folder, run, dataset, split: splitDataset(dataset, run.split) }
  if (!isTrained(model)) {
    const scorer = model.load(tensors, dataset, optionsOfRun(run))
    return { ...opened, scorer, maxLength: defaultLength, [Symbol.asyncDispose]: () => scorer[Symbol.asyncDispose]() }
  }
  const { scorer, maxLength } = await trainedScorer(await builtModel(model, run, dataset, opened.split), run, dataset, { path, tensors })
  return { ...opened, scorer, maxLength, [Symbol.asyncDispose]: () => scorer[Symbol.asyncDispose]() }
}

async function trainedScorer(
  model: NextItemModel,
  run: Run,
  dataset: Dataset,
  { path, tensors }: { path: string; tensors: Readonly<Record<string, StoredTensor>> },
): Promise<{ scorer: NextItemScorer; maxLength: number }> {
  const { maxLength } = model.windows
  const parameters = new Map<string, Float32Array>()
  for (const { origin, shape } of parametersOf(model, { rows: 1, length: maxLength, targets: 1, targetsPerRow: 1 })) {
    const stored = tensors[origin.name]
    if (!(stored?.data instanceof Float32Array)) throw foreign(path, `no parameter "${origin.name}"`)
    if (stored.shape.join() !== shape.join()) {
      throw foreign(path, `parameter "${origin.name}" has shape [${stored.shape.join(', ')}]`, `[${shape.join(', ')}]`)
    }
    parameters.set(origin.name, stored.data)
  }
  const runtime = { threads: run.training?.threads ?? 2 }
  return { scorer: await nextItemScorer({ slug: run.model, model, dataset, parameters, runtime }), maxLength }
}

function foreign(path: string, value: string, expected = 'the parameters that its run.json describes'): UserError {
  return new UserError({ where: path, problem: 'mismatched', value, expected, hint: 'restore the folder from a copy, or train again' })
}
