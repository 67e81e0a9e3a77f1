/**
 * @file What a model computes offline: made once for a dataset and a split, then read from a file beside the dataset.
 * A run has the file too, for datasets that are prepared later.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, link, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TrainingData } from '../batches/kind.ts'
import { type AskedQuestion, askedHash } from '../dataset/questions.ts'
import { UserError } from '../errors.ts'
import { runFiles } from '../learn/loop.ts'
import { heldBytes, libraryBytes } from '../learn/memory.ts'
import type { Compute, LaterOffline, ModelDefinition, Offline } from '../models/contract/model.ts'
import type { Moved } from '../models/contract/places.ts'
import { buildGraph } from '../onnx/graph.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { makeAtomically, writeAtomically } from '../storage/atomic.ts'
import { isWritable } from '../storage/folders.ts'
import { waitForLock } from '../storage/lock.ts'
import { encodeSafetensors, readSafetensors } from '../storage/safetensors.ts'
import { optionsOfRun, type Run } from './run-settings.ts'

/** Raised whenever what any model computes offline changes: files of another version are made anew. */
const version = 1

/** A file of what was made, which says what of. */
interface Stored {
  readonly file: string
  readonly inputs: string
}

/** Where what is made of a dataset lies beside it. @param hash the dataset's, as the run's question sees it */
function storedBeside(
  offline: NonNullable<ModelDefinition['offline']>,
  run: Run,
  { folder, hash }: { readonly folder: string; readonly hash: string },
): Stored {
  const options = offline.key(optionsOfRun(run))
  const text = JSON.stringify({ version, slug: run.model, options, dataset: hash, split: run.split })
  const inputs = createHash('sha256').update(text).digest('hex')
  return { file: join(folder, 'offline', `${run.model}-${inputs.slice(0, 16)}.safetensors`), inputs }
}

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
  const config = optionsOfRun(run)
  const stored = storedBeside(offline, run, data.dataset)
  const known = cached(stored)
  if (known) return known
  if (offline.bytes) tell?.(heldBytes() + libraryBytes + offline.bytes(config, data))
  const make = (): Offline | Promise<Offline> => offline.make(config, { ...data, compute: computeBy(runtime) })
  const { file } = stored
  // A dataset in a folder that cannot be written is trained on all the same; the next run computes again.
  if (!(await isWritable(join(file, '..')))) return await make()
  // Another run that makes the same is waited for, and then there is nothing left to do.
  await using _ = await waitForLock(`${file}.siftrec-lock`)
  const kept = cached(stored)
  if (kept) return kept
  const made = await make()
  await write(stored, made)
  return made
}

const computeBy =
  (runtime: Runtime): Compute =>
  (outputs) =>
    runtime(buildGraph(outputs))

const write = ({ file, inputs }: Stored, made: Offline): Promise<void> =>
  writeAtomically(file, encodeSafetensors(made, { format: 'siftrec-offline', inputs }))

/** What an earlier run made of the same inputs; undefined where there is nothing, or something else. */
function cached({ file, inputs }: Stored): Offline | undefined {
  if (!existsSync(file)) return undefined
  try {
    const { tensors, metadata } = readSafetensors(file)
    return metadata['format'] === 'siftrec-offline' && metadata['inputs'] === inputs ? (tensors as Offline) : undefined
  } catch (error) {
    // Damaged: it is made again, from the same inputs to the same bytes.
    if (error instanceof UserError) return undefined
    throw error
  }
}

/** Keeps what a run's model was given with the run, whose dataset may be replaced; nothing where it is there. */
export async function keepOffline(
  folder: string,
  { offline }: ModelDefinition,
  run: Run,
  { dataset, made }: Pick<TrainingData, 'dataset'> & { readonly made: Offline },
): Promise<void> {
  const path = join(folder, runFiles.offline)
  if (!offline || existsSync(path)) return
  const { file, inputs } = storedBeside(offline, run, dataset)
  if (!existsSync(file)) return await write({ file: path, inputs }, made)
  await makeAtomically(path, async (partial) => {
    await rm(partial, { force: true })
    // A file that is only ever replaced as a whole may have two names: it takes its place on the disk once.
    await link(file, partial).catch(() => copyFile(file, partial))
  })
}

/**
 * What a run's model was given, for a later dataset.
 * @throws UserError `missing` where neither the run nor the dataset that it was trained on has it any more
 */
export async function laterOfflineOf(
  folder: string,
  { offline }: ModelDefinition,
  run: Run,
  { dataset, moved, runtime }: Pick<TrainingData, 'dataset'> & { readonly moved: Moved; readonly runtime: Runtime },
): Promise<LaterOffline> {
  if (!offline) return { made: {} }
  const beside = storedBeside(offline, run, {
    ...run.dataset,
    hash: askedHash(run.dataset.hash, run.split as AskedQuestion),
  })
  // Runs of earlier versions have it beside their dataset alone.
  const made = cached({ ...beside, file: join(folder, runFiles.offline) }) ?? cached(beside)
  if (made) return await offline.later(optionsOfRun(run), made, { ...moved, dataset, compute: computeBy(runtime) })
  throw new UserError({
    where: folder,
    problem: 'missing',
    value: `a whole ${runFiles.offline}, which was made before training`,
    hint: 'to serve it on a later dataset restore the file from a copy, or train it again on that dataset',
  })
}
