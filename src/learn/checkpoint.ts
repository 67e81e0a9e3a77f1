/** @file Saving and resuming: parameters and Adam's moments as safetensors, where training stands as JSON in its metadata. */
import * as z from 'zod'
import { UserError } from '../errors.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { encodeSafetensors, readSafetensors, type StoredTensor } from '../storage/safetensors.ts'
import type { ParameterState } from './parameters.ts'

/** One finished epoch. */
const epochRecord = z.strictObject({
  epoch: z.int(),
  loss: z.number(),
  parts: z.record(z.string(), z.number()),
  /** Validation NDCG@10, full catalog. */
  validation: z.number(),
})
const progressSchema = z.strictObject({
  /** Epochs finished, and batches done of the next one. */
  epoch: z.int(),
  batch: z.int(),
  step: z.int(),
  /** Sums over the batches done of the open epoch. */
  sums: z.record(z.string(), z.number()),
  best: z.strictObject({ epoch: z.int(), validation: z.number() }).nullable(),
  finished: z.boolean(),
  history: z.array(epochRecord),
})
/** Where training stands. */
export type Progress = z.infer<typeof progressSchema>

/** Training before its first step. */
export const atStart: Progress = { epoch: 0, batch: 0, step: 0, sums: {}, best: null, finished: false, history: [] }

/** Writes the whole state of training; the file before it survives until this one is complete. */
export async function saveCheckpoint(
  path: string,
  { buffers }: ParameterState,
  progress: Progress,
  run: string,
): Promise<void> {
  const tensors: Record<string, StoredTensor> = {}
  for (const [name, { shape, values, first, second }] of buffers) {
    tensors[name] = { shape, data: values }
    tensors[`adam.first.${name}`] = { shape, data: first }
    tensors[`adam.second.${name}`] = { shape, data: second }
  }
  await writeAtomically(
    path,
    encodeSafetensors(tensors, { format: 'siftrec-checkpoint', run, progress: JSON.stringify(progress) }),
  )
}

/**
 * Reads a checkpoint into the state's buffers.
 * @throws UserError `corrupted` or `mismatched` when the file is not a checkpoint of this very run.
 */
export function loadCheckpoint(path: string, state: ParameterState, run: string): Progress {
  const { tensors, metadata } = readSafetensors(path)
  const foreign = (value: string): UserError =>
    new UserError({
      where: path,
      problem: 'mismatched',
      value,
      expected: 'a checkpoint of this run',
      hint: 'resume with the settings it was started with',
    })
  if (metadata['format'] !== 'siftrec-checkpoint') throw foreign('not a checkpoint of ours')
  if (metadata['run'] !== run) throw foreign('it was made with other settings or another dataset')
  for (const [name, { values, first, second }] of state.buffers) {
    copyInto(values, tensors[name], name, foreign)
    copyInto(first, tensors[`adam.first.${name}`], name, foreign)
    copyInto(second, tensors[`adam.second.${name}`], name, foreign)
  }
  const progress = progressSchema.parse(JSON.parse(metadata['progress'] ?? 'null'))
  state.step = progress.step
  return progress
}

function copyInto(
  buffer: Float32Array,
  stored: StoredTensor | undefined,
  name: string,
  foreign: (value: string) => UserError,
): void {
  if (!(stored?.data instanceof Float32Array) || stored.data.length !== buffer.length)
    throw foreign(`parameter "${name}" is missing or of another size`)
  buffer.set(stored.data)
}

/** Writes a model's parameters alone, as they are served. */
export async function saveParameters(path: string, { buffers }: ParameterState, run: string): Promise<void> {
  const tensors = Object.fromEntries([...buffers].map(([name, { shape, values }]) => [name, { shape, data: values }]))
  await writeAtomically(path, encodeSafetensors(tensors, { format: 'siftrec-model', run }))
}
