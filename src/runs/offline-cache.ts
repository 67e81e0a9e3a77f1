/**
 * @file What a model computes offline: made once for a dataset and a split, then read from a file beside the dataset.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TrainingData } from '../batches/kind.ts'
import { UserError } from '../errors.ts'
import { heldBytes, libraryBytes } from '../learn/memory.ts'
import type { Compute, ModelDefinition, Offline } from '../models/contract/model.ts'
import { buildGraph } from '../onnx/graph.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { isWritable } from '../storage/folders.ts'
import { waitForLock } from '../storage/lock.ts'
import { encodeSafetensors, readSafetensors } from '../storage/safetensors.ts'
import { optionsOfRun, type Run } from './run-settings.ts'

/** Raised whenever what any model computes offline changes: files of another version are made anew. */
const version = 1

/**
 * The offline arrays of a run's model; none where it has no offline part.
 * @param tell is told, before they are made, what the process will hold at the peak
 * @throws UserError as the model's `offline.make`, before anything is trained
 */
export async function offlineOf(
  { offline }: ModelDefinition,
  run: Run,
  data: TrainingData,
  runtime: Runtime,
  tell?: (bytes: number) => void,
): Promise<Offline> {
  if (!offline) return {}
  const { dataset } = data
  const config = optionsOfRun(run)
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
  if (known) return known
  if (offline.bytes) tell?.(heldBytes() + libraryBytes + offline.bytes(config, data))
  const compute: Compute = (outputs) => runtime(buildGraph(outputs))
  const make = (): Offline | Promise<Offline> => offline.make(config, { ...data, compute })
  // A dataset in a folder that cannot be written is trained on all the same; the next run computes again.
  if (!(await isWritable(join(file, '..')))) return await make()
  // Another run that makes the same is waited for, and then there is nothing left to do.
  await using _ = await waitForLock(`${file}.siftrec-lock`)
  const kept = cached(file, hash)
  if (kept) return kept
  const made = await make()
  await writeAtomically(file, encodeSafetensors(made, { format: 'siftrec-offline', inputs: hash }))
  return made
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
