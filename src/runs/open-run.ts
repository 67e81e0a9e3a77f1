/** @file Opens a trained run: its dataset, its split, and what it serves with its best parameters. */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { TrainingData } from '../batches/kind.ts'
import { loadDataset } from '../dataset/load.ts'
import type { Dataset } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { foreignModel } from '../learn/learned.ts'
import { runFiles } from '../learn/loop.ts'
import { readSafetensors } from '../storage/safetensors.ts'
import { type Known, readKnown } from './known.ts'
import { type Later, type LaterCounts, laterText, matched, mayHaveTrained } from './later.ts'
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
  /** As the run's question sees it, and on a later dataset as the run reads it. */
  readonly dataset: Dataset
  /** As it was loaded. */
  readonly prepared: Dataset
  /** When its parameters were written, milliseconds since 1970. */
  readonly trained: number
  /** Of a dataset that is not the one the run was trained on. */
  readonly later?: OpenLater
}

/** A later dataset, for whoever tells of it. */
export interface OpenLater extends LaterCounts {
  /** One line that says what is new. */
  readonly text: string
  /** How many targets of a part, or samples, are no later than the last event of their user that trained. */
  mayHaveTrained(part: 'validation' | 'test'): number
}

/** Where a run's dataset is, if not where the run says. */
export interface OpenOptions {
  /** The folder of the run's dataset, or of one that was prepared later from the same mapping. */
  readonly data?: string
  /** The dataset, already in memory; one that is not the run's is a later one. */
  readonly dataset?: Dataset
  /**
   * What it reads in place of its dataset, already split: the same items, users and targets with other vectors, fields
   * or events, to see what the run makes of them.
   */
  readonly shown?: TrainingData
  /** Is told how much memory serving will take, before anything is compiled. */
  readonly memory?: MemoryListener
  /** How many histories compiled batches hold, ascending: for a service, which gets any number at once. */
  readonly rows?: readonly number[]
  /**
   * Asks for the best items to be found by an index, kept in the folder `RUN.index`, and is told of it in lines; exact
   * search by default.
   */
  readonly index?: (line: string) => void
}

/**
 * Opens a run. On a later dataset what it learned of items and users is matched by their ids.
 * @throws UserError `missing` before the first epoch ended, `corrupted` or `mismatched` for a checkpoint or dataset of
 * another run, `unsupported` for a model that cannot go on with a later dataset, or that no index is of
 */
export async function openRun(folder: string, options: OpenOptions = {}): Promise<OpenRun> {
  const run = readRun(folder)
  const path = join(folder, runFiles.model)
  if (!existsSync(path)) {
    const hint = `to go on with it: siftrec train --resume ${folder}`
    const expected = 'a run that finished its first epoch'
    throw new UserError({ where: folder, problem: 'missing', value: runFiles.model, expected, hint })
  }
  const { tensors, metadata } = readSafetensors(path)
  if (metadata['run'] !== fingerprintOf(run)) {
    const ours = metadata['format'] === 'siftrec-model'
    throw foreignModel(path, ours ? 'the model of another run, or run.json was edited' : 'not a model of ours')
  }
  const { memory, rows, shown, index } = options
  const prepared = shown?.dataset ?? (await preparedFor(folder, run, options))
  const known = shown || prepared.hash === run.dataset.hash ? undefined : readKnown(folder, run)
  const later = known && matched(folder, known, prepared)
  const task = taskOf(run.model)
  const data = shown ?? task.split(later?.dataset ?? prepared, run.split, later?.kept)
  const served = await task.open({
    folder,
    run,
    data,
    path,
    tensors,
    ...(later && { moved: { items: later.items, users: later.users } }),
    ...(memory && { memory }),
    ...(rows && { rows }),
    ...(index && { index }),
  })
  const told = known && later && openLater({ known, later, data, served })
  const trained = Math.floor(statSync(path).mtimeMs)
  const own = { folder, run, dataset: data.dataset, prepared, trained, ...(told && { later: told }) }
  // Not a spread: parts that a model does not have throw when they are read.
  return Object.create(served, Object.getOwnPropertyDescriptors(own)) as OpenRun
}

/** @throws UserError `mismatched` where nothing is given and the run's own dataset changed */
async function preparedFor(folder: string, run: Run, { data, dataset }: OpenOptions): Promise<Dataset> {
  if (dataset) return dataset.asked?.of ?? dataset
  return data === undefined ? datasetOf(folder, run) : loadDataset(data)
}

interface LaterParts {
  readonly known: Known
  readonly later: Later
  readonly data: TrainingData
  readonly served: Served
}

function openLater({ known, later, data, served }: LaterParts): OpenLater {
  const rows = data.samples ?? data.dataset.events
  return {
    ...later.counts,
    text: laterText(later.counts, served.newItems()),
    mayHaveTrained: (part) => mayHaveTrained(known, later, rows, (data.samples ?? data.split)[part]),
  }
}
