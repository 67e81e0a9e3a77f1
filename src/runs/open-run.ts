/** @file Opens a trained run: its dataset, its split, and what it serves with its best parameters. */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Dataset } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { foreignModel } from '../learn/learned.ts'
import { runFiles } from '../learn/loop.ts'
import { readSafetensors } from '../storage/safetensors.ts'
import { readRun } from './run-file.ts'
import { fingerprintOf, type Run } from './run-settings.ts'
import type { MemoryListener, Served } from './task.ts'
import { taskOf } from './tasks.ts'
import { datasetOf } from './train-run.ts'

/**
 * A run, open. What its model does not have (a scorer of the catalog, a predictor of clicks) throws when it is asked
 * for.
 */
export interface OpenRun extends Served {
  readonly folder: string
  readonly run: Run
  /** As the run's question sees it. */
  readonly dataset: Dataset
  /** As it was loaded. */
  readonly prepared: Dataset
  /** When its parameters were written, milliseconds since 1970. */
  readonly trained: number
}

/** Where a run's dataset is, if not where the run says. */
export interface OpenOptions {
  readonly data?: string
  /** The dataset, already in memory. */
  readonly dataset?: Dataset
  /** Is told how much memory serving will take, before anything is compiled. */
  readonly memory?: MemoryListener
  /** How many histories compiled batches hold, ascending: for a service, which gets any number at once. */
  readonly rows?: readonly number[]
}

/**
 * Opens a run.
 * @param options.data where its dataset lies now, if not where the run says
 * @throws UserError `missing` before the first epoch ended, `corrupted` or `mismatched` for a checkpoint or dataset of
 * another run
 */
export async function openRun(folder: string, options: OpenOptions = {}): Promise<OpenRun> {
  const run = readRun(folder)
  const path = join(folder, runFiles.model)
  if (!existsSync(path)) {
    const hint = `to go on with it: siftrec train --resume ${folder}`
    const expected = 'a run that finished its first epoch'
    throw new UserError({ where: folder, problem: 'missing', value: runFiles.model, expected, hint })
  }
  const { memory, rows } = options
  const loaded = options.dataset?.asked?.of ?? options.dataset
  const dataset = loaded?.hash === run.dataset.hash ? loaded : await datasetOf(folder, run, options.data)
  const { tensors, metadata } = readSafetensors(path)
  if (metadata['run'] !== fingerprintOf(run)) {
    const ours = metadata['format'] === 'siftrec-model'
    throw foreignModel(path, ours ? 'the model of another run, or run.json was edited' : 'not a model of ours')
  }
  const task = taskOf(run.model)
  const data = task.split(dataset, run.split)
  const served = await task.open({ folder, run, data, path, tensors, ...(memory && { memory }), ...(rows && { rows }) })
  // Not a spread: parts that a model does not have throw when they are read.
  const own = { folder, run, dataset: data.dataset, prepared: dataset, trained: Math.floor(statSync(path).mtimeMs) }
  return Object.create(served, Object.getOwnPropertyDescriptors(own)) as OpenRun
}
