/**
 * @file A cell of the grid: one model with one seed on one dataset and split, named by a hash of all that determines
 * it.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type * as z from 'zod'
import type { ClickSplitConfig } from '../../dataset/click-samples.ts'
import { validationMetric } from '../../metrics/table.ts'
import { parseOptions } from '../../models/contract/options.ts'
import { modelOf } from '../../models/registry.ts'
import type { SplitConfig, SplitInput } from '../../runs/split-config.ts'
import { splitSettings, taskOptions } from '../../runs/task-options.ts'
import { evaluationSeed, type OptionSet, type Tested, type Trained, testedSchema, trainedSchema } from '../terms.ts'
import type { PreparedDataset } from './dataset-recipe.ts'
import type { MeasureName } from './run-measures.ts'

/** Changes whenever a cell's files change their meaning: cells of another version are run anew. */
const version = 1

/** A cell; plain data, so that it can be sent to a worker process. */
export interface Cell {
  /** Hash of everything that determines the cell's figures. */
  readonly key: string
  /** Where its run and results are. */
  readonly folder: string
  /** Folder of the prepared dataset. */
  readonly data: string
  /** Hash of all that counts of the dataset, wherever it lies. */
  readonly dataKey: string
  readonly model: string
  readonly config: Readonly<Record<string, unknown>>
  /** Null for a model that is fitted by counting, which no seed changes. */
  readonly training: Readonly<Record<string, unknown>> | null
  readonly split: SplitConfig | ClickSplitConfig
  readonly sampled: boolean
  readonly measure?: MeasureName
}

/** What a cell is made of. */
export interface CellSettings extends OptionSet {
  readonly model: string
  readonly seed: number
  readonly dataset: PreparedDataset
  readonly split: SplitInput
  readonly sampled: boolean
  readonly measure?: MeasureName
}

/**
 * The cell of some settings, each with its defaults written out. One thread unless the options say otherwise, so that
 * figures do not depend on how many cells run side by side.
 * @throws UserError `unknown` for a model, `invalid` or `unknown` for an option
 */
export function cellOf(
  cells: string,
  { model, seed, dataset, split, sampled, measure, ...options }: CellSettings,
): Cell {
  const entry = modelOf(model)
  const { training: trainingOptions, metric } = taskOptions(model)
  const determined = {
    version,
    model,
    config: parseOptions(model, entry.config, options.config ?? {}) as Cell['config'],
    training: trainingOptions
      ? parseOptions('training', trainingOptions, { threads: 1, ...options.training, seed })
      : null,
    split: splitSettings(model, dataset, split),
    sampled,
    ...(measure !== undefined && { measure }),
  }
  // Cells of clicks that were once validated by AUC are others.
  const validated = metric === validationMetric.clicks ? { validatedBy: metric } : {}
  const identity = identityOf(dataset)
  const key = keyOf({ ...determined, ...validated, dataset: identity, evaluationSeed })
  const place = { folder: join(cells, `${model}-${key}`), data: dataset.folder, dataKey: keyOf(identity) }
  return { ...determined, key, ...place }
}

const keyOf = (determining: unknown): string =>
  createHash('sha256').update(JSON.stringify(determining)).digest('hex').slice(0, 16)

/** A dataset's hash is that of its files: what the manifest alone says counts too. */
function identityOf({ hash, manifest: { candidates, target, behaviors, time, ownSplit } }: PreparedDataset): unknown {
  return { hash, candidates, target, behaviors, time, ownSplit }
}

/** How far a cell is to be taken: the losers of tuning are never tested. */
export type Stage = 'trained' | 'tested'

/** The names of a cell's two results, beside the run's own files. */
export const cellFiles: Readonly<Record<Stage, string>> = { trained: 'trained.json', tested: 'tested.json' }

/** What training gave; undefined where it has not ended. */
export const trainedOf = (cell: Cell): Trained | undefined => readResult(cell, cellFiles.trained, trainedSchema)
/** What testing gave; undefined where the cell was not tested. */
export const testedOf = (cell: Cell): Tested | undefined => readResult(cell, cellFiles.tested, testedSchema)

/** Its lock: one process at a time writes a cell's folder. */
export const cellLock = ({ folder }: Cell): string => join(folder, 'lock')

/** Whether nothing is left to do. */
export function isDone(cell: Cell, stage: Stage): boolean {
  return trainedOf(cell) !== undefined && (stage === 'trained' || testedOf(cell) !== undefined)
}

/** A result that is whole and of this very cell; anything else counts as not done, and is made again. */
function readResult<T extends { key: string }>(
  { folder, key }: Cell,
  name: string,
  schema: z.ZodType<T>,
): T | undefined {
  const path = join(folder, name)
  if (!existsSync(path)) return undefined
  const { data } = schema.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  return data?.key === key ? data : undefined
}
