/** @file `run.json`: what a run was made of, and the fingerprint that its checkpoints carry. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { clickSplitConfig } from '../dataset/click-samples.ts'
import { UserError } from '../errors.ts'
import { trainingConfig } from '../learn/config.ts'
import { runFiles } from '../learn/loop.ts'
import { parseOptions } from '../models/contract/options.ts'
import { isTrained, modelOf } from '../models/registry.ts'
import { splitConfig } from './split-config.ts'

const runSchema = z.strictObject({
  format: z.literal('siftrec-run'),
  version: z.literal(1),
  /** The model's slug. */
  model: z.string(),
  /** Every option of the model, defaults written out. */
  config: z.record(z.string(), z.unknown()),
  /** Every training option; null for a model that is fitted by counting. */
  training: trainingConfig.nullable(),
  /** The folder as it was given, the dataset's name, and its hash. */
  dataset: z.strictObject({ folder: z.string(), name: z.string(), hash: z.string() }),
  /** How targets, or samples of clicks, are split. */
  split: z.union([splitConfig, clickSplitConfig]),
})
/** See `run.json` in docs/data.md. */
export type Run = z.infer<typeof runSchema>

/** What a run's settings come to, without where its dataset lies: two runs with one fingerprint write the same bytes. */
export function fingerprintOf({ model, config, training, dataset, split }: Run): string {
  return createHash('sha256')
    .update(JSON.stringify({ model, config, training, dataset: dataset.hash, split }))
    .digest('hex')
}

/** The model's options as its `build` or `fit` wants them; options that came with a later version have their defaults. */
export function optionsOfRun({ model, config }: Run): unknown {
  return parseOptions(model, modelOf(model).config, config)
}

/** Whether a folder holds a run. */
export const holdsRun = (folder: string): boolean => existsSync(join(folder, runFiles.run))

/** The text of `run.json`. */
export const printRun = (run: Run): string => `${JSON.stringify(run, null, 2)}\n`

/**
 * Reads and checks `run.json`.
 * @throws UserError `missing` where there is none, `corrupted` when it is not ours, `invalid` for an option out of its range
 */
export function readRun(folder: string): Run {
  const path = join(folder, runFiles.run)
  if (!existsSync(path)) {
    const expected = 'a folder that "siftrec train" wrote'
    throw new UserError({
      where: folder,
      problem: 'missing',
      value: existsSync(folder) ? runFiles.run : 'the folder',
      expected,
    })
  }
  const { data, error } = runSchema.safeParse(parsed(readFileSync(path, 'utf8')))
  if (error) {
    const [issue] = error.issues
    const value = issue && issue.path.length > 0 ? `"${issue.path.join('.')}"` : 'it is not a run'
    throw new UserError({
      where: path,
      problem: 'corrupted',
      value,
      expected: 'a file that "siftrec train" wrote',
      hint: 'train again',
    })
  }
  const model = modelOf(data.model)
  optionsOfRun(data)
  if (isTrained(model) !== (data.training !== null)) {
    throw new UserError({
      where: path,
      problem: 'corrupted',
      value: '"training"',
      expected: `the training options of ${data.model}`,
    })
  }
  return data
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
