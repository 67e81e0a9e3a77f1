/** @file Builds a run's model, with what it computes offline: once for a dataset and a split, then read from a file beside the dataset. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Dataset, Split } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import type { ClickDefinition, ClickModel } from '../models/contract/click-model.ts'
import { catalogShape } from '../models/contract/frozen-inputs.ts'
import { clickShape } from '../models/contract/impression-inputs.ts'
import type { NextItemDefinition, NextItemModel, Offline } from '../models/contract/model.ts'
import { modelOf } from '../models/registry.ts'
import { buildGraph } from '../onnx/graph.ts'
import { compile } from '../runtime/session.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { encodeSafetensors, readSafetensors } from '../storage/safetensors.ts'
import type { ClickMaterial } from './material.ts'
import { optionsOfRun, type Run } from './run-file.ts'

/** Changes whenever what any model computes offline changes: files of another version are made anew. */
const version = 1

/**
 * The model of a run, built for its dataset.
 * @throws UserError as the model's `offline.make`, before anything is trained
 */
export async function builtModel(
  definition: NextItemDefinition,
  run: Run,
  dataset: Dataset,
  split: Split,
): Promise<NextItemModel> {
  const config = optionsOfRun(run)
  const catalog = catalogShape(dataset)
  if (!definition.offline) return definition.build(config, catalog)
  const { offline } = definition
  const inputs = JSON.stringify({
    version,
    slug: run.model,
    options: offline.key(config),
    dataset: dataset.hash,
    split: run.split,
  })
  const hash = createHash('sha256').update(inputs).digest('hex')
  const file = join(dataset.folder, 'offline', `${run.model}-${hash.slice(0, 16)}.safetensors`)
  const known = cached(file, hash)
  if (known) return definition.build(config, catalog, known)
  const compute = (outputs: Parameters<typeof buildGraph>[0]) =>
    compile(buildGraph(outputs), { threads: run.training?.threads ?? 2 })
  const made = await offline.make(config, { dataset, split, compute })
  await keep(file, hash, made)
  return definition.build(config, catalog, made)
}

/** The model of clicks of a run, built for its dataset and what training says of ids. */
export function builtClickModel(run: Run, { dataset, samples }: ClickMaterial): ClickModel {
  return (modelOf(run.model) as ClickDefinition).build(optionsOfRun(run), clickShape(dataset, samples.vocabulary))
}

/** What an earlier run made of the same inputs; undefined where there is nothing, or something else. */
function cached(file: string, hash: string): Offline | undefined {
  if (!existsSync(file)) return undefined
  try {
    const { tensors, metadata } = readSafetensors(file)
    return metadata['format'] === 'siftrec-offline' && metadata['inputs'] === hash ? (tensors as Offline) : undefined
  } catch (error) {
    // Damaged: it is made again, from the same inputs to the same bytes.
    if (error instanceof UserError) return undefined
    throw error
  }
}

async function keep(file: string, hash: string, made: Offline): Promise<void> {
  try {
    mkdirSync(join(file, '..'), { recursive: true })
    await writeAtomically(file, encodeSafetensors(made, { format: 'siftrec-offline', inputs: hash }))
  } catch (error) {
    // A dataset in a folder that cannot be written is trained on all the same; the next run computes again.
    if (!['EACCES', 'EROFS', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
