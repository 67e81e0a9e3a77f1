/** @file A cell of the grid: one model with one seed on one dataset and split, named by a hash of all that determines it. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { ClickSplitConfig } from '../../dataset/click-samples.ts'
import { trainingConfig } from '../../learn/config.ts'
import { parseOptions } from '../../models/contract/options.ts'
import { isTrained, modelOf } from '../../models/registry.ts'
import { type SplitConfig, type SplitInput, splitSettings } from '../../runs/split-config.ts'
import type { OptionSet } from '../experiment.ts'
import type { MeasureName } from '../figures/measures.ts'
import type { PreparedDataset } from './dataset-recipe.ts'

/** Changes whenever a cell's files change their meaning: cells of another version are run anew. */
const version = 1
/** Draws the sampled negatives, the same for every cell. */
export const evaluationSeed = 1

/** A cell; plain data, so that it can be sent to a worker process. */
export interface Cell {
  /** Hash of everything that determines the cell's figures. */
  readonly key: string
  /** Where its run and results are. */
  readonly folder: string
  /** Folder of the prepared dataset. */
  readonly data: string
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
 * The cell of some settings, each with its defaults written out. One thread unless the options say otherwise, so that figures do not
 * depend on how many cells run side by side.
 * @throws UserError `unknown` for a model, `invalid` or `unknown` for an option
 */
export function cellOf(
  cells: string,
  { model, seed, dataset, split, sampled, measure, ...options }: CellSettings,
): Cell {
  const entry = modelOf(model)
  const determined = {
    version,
    model,
    config: parseOptions(model, entry.config, options.config ?? {}) as Cell['config'],
    training: isTrained(entry)
      ? parseOptions('training', trainingConfig, { threads: 1, ...options.training, seed })
      : null,
    split: splitSettings(model, dataset, split),
    sampled,
    ...(measure !== undefined && { measure }),
  }
  const key = createHash('sha256')
    .update(JSON.stringify({ ...determined, dataset: identityOf(dataset), evaluationSeed }))
    .digest('hex')
    .slice(0, 16)
  return { ...determined, key, folder: join(cells, `${model}-${key}`), data: dataset.folder }
}

/** A dataset's hash is that of its files: what the manifest alone says counts too. */
function identityOf({ hash, manifest: { candidates, target, behaviors, time, ownSplit } }: PreparedDataset): unknown {
  return { hash, candidates, target, behaviors, time, ownSplit }
}

const figures = z.array(z.number())
const ranksSchema = z.strictObject({
  model: z.string(),
  rows: figures,
  user: figures,
  earlier: figures,
  full: figures,
  sampled99: figures.optional(),
})
/** Ranks as JSON has them; see `TargetRanks`. */
export type StoredRanks = z.infer<typeof ranksSchema>

const predictionsSchema = z.strictObject({ model: z.string(), user: figures, label: figures, probability: figures })
/** Probabilities of clicks as JSON has them; see `Predictions`. */
export type StoredPredictions = z.infer<typeof predictionsSchema>

const outcomeSchema = z.union([ranksSchema, predictionsSchema])
/** What a cell made of its targets: ranks of the next item, or probabilities of clicks. */
type Outcome = z.infer<typeof outcomeSchema>

/** Whether an outcome is of clicks. */
export const isClicks = (outcome: Outcome): outcome is StoredPredictions => 'probability' in outcome

/** How a cell judged its targets: cells with other frames never share a table. */
const frameSchema = z.strictObject({
  split: z.record(z.string(), z.unknown()),
  candidates: z.string(),
  /** The sampled negatives: how many, drawn by which seed; null where there are none. */
  negatives: z.string().nullable(),
  /** Hash of the targets: users, items and times. */
  targets: z.string(),
})
/** See {@link frameSchema}. */
export type Frame = z.infer<typeof frameSchema>

const trainedSchema = z.strictObject({
  key: z.string(),
  /** Epochs trained, and the one whose parameters were kept; 0 for a fitted model. */
  epochs: z.int(),
  bestEpoch: z.int(),
  seconds: z.number(),
  /** Null where the split has no validation targets. */
  validation: outcomeSchema.nullable(),
})
const testedSchema = z.strictObject({
  key: z.string(),
  frame: frameSchema,
  measure: z.number().nullable(),
  test: outcomeSchema,
})
/** What training a cell gave. */
export type Trained = z.infer<typeof trainedSchema>
/** What testing a cell gave. */
export type Tested = z.infer<typeof testedSchema>

/** The names of a cell's two results, beside the run's own files. */
export const cellFiles = { trained: 'trained.json', tested: 'tested.json' } as const

/** What training gave; undefined where it has not ended. */
export const trainedOf = (cell: Cell): Trained | undefined => readResult(cell, cellFiles.trained, trainedSchema)
/** What testing gave; undefined where the cell was not tested. */
export const testedOf = (cell: Cell): Tested | undefined => readResult(cell, cellFiles.tested, testedSchema)

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
