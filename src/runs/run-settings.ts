/** @file What a run is made of, and the fingerprint that its checkpoints carry. */
import { createHash } from 'node:crypto'
import * as z from 'zod'
import { clickSplitConfig } from '../dataset/click-samples.ts'
import { storedTrainingConfig } from '../learn/config.ts'
import { parseOptions } from '../models/contract/options.ts'
import { modelOf, modelSlugs } from '../models/registry.ts'
import { splitConfig } from './split-config.ts'

/** `run.json` as it is stored. */
export const runSchema = z.strictObject({
  format: z.literal('siftrec-run'),
  version: z.literal(1),
  /** The model's slug. */
  model: z.string(),
  /** Every option of the model, defaults written out. */
  config: z.record(z.string(), z.unknown()),
  /** Every training option; null for a model that is fitted by counting. */
  training: storedTrainingConfig.nullable(),
  /** The folder as it was given, the dataset's name, and its hash. */
  dataset: z.strictObject({ folder: z.string(), name: z.string(), hash: z.string() }),
  /** What decided which epoch is kept; left out where nothing was trained in epochs. */
  keptBy: z.enum(['validation', 'validation log loss', 'training loss']).optional(),
  /** How targets, or samples of clicks, are split. */
  split: z.union([splitConfig, clickSplitConfig]),
})
/** See `run.json` in docs/data.md. */
export type Run = z.infer<typeof runSchema>

/**
 * What a run's settings come to, without where its dataset lies: two runs with one fingerprint write the same bytes, as
 * far as both have come. So the most epochs are left out, and a run can be given more.
 */
export function fingerprintOf({ model, config, training, dataset, split }: Run): string {
  const { epochs: _, ...rest } = training ?? {}
  return createHash('sha256')
    .update(JSON.stringify({ model, config, training: training && rest, dataset: dataset.hash, split }))
    .digest('hex')
}

/**
 * The model's options as its `build` or `fit` wants them; options that came with a later version have their defaults.
 */
export function optionsOfRun({ model, config }: Run): unknown {
  return parseOptions(model, modelOf(model).config, config)
}

/** What people call a model; the slug itself of one that this version does not have. */
export const modelTitle = (slug: string): string => (modelSlugs.includes(slug) ? modelOf(slug).title : slug)
