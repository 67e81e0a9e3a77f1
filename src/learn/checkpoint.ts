/**
 * @file Saving and resuming: parameters, optimizers and memory as safetensors, where training stands as JSON in its
 * metadata.
 */
import * as z from 'zod'
import { UserError } from '../errors.ts'
import type { Memory } from '../models/contract/model.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { parsedJson } from '../storage/json.ts'
import { encodeSafetensors, readSafetensors, type StoredTensor } from '../storage/safetensors.ts'
import type { ParameterState } from './parameters.ts'

/** One finished epoch. */
const epochRecord = z.strictObject({
  epoch: z.int().min(1),
  /** The stage it belongs to; left out where the model has one stage. */
  stage: z.string().optional(),
  loss: z.number(),
  parts: z.record(z.string(), z.number()),
  /** How many processes trained it together; left out where one did. */
  ranks: z.int().min(2).optional(),
  /** The validation metric; null in a stage that does not validate, and where there is nothing to validate by. */
  validation: z.number().nullable(),
})
const progressSchema = z.strictObject({
  /** The stage that is open, from 0, and its epochs finished. */
  stage: z.int().min(0).default(0),
  stageEpoch: z.int().min(0),
  /** Epochs finished, and batches done of the next one. */
  epoch: z.int().min(0),
  batch: z.int().min(0),
  step: z.int().min(0),
  /** Sums over the batches done of the open epoch. */
  sums: z.record(z.string(), z.number()),
  /** The best epoch of the open stage; its validation is null where the training loss decides. */
  best: z.strictObject({ epoch: z.int().min(1), validation: z.number().nullable() }).nullable(),
  finished: z.boolean(),
  history: z.array(epochRecord),
  /** Steps that each optimizer has taken, by name. */
  optimizers: z.record(z.string(), z.int().min(0)).optional(),
})
/** Where training stands. */
export type Progress = z.infer<typeof progressSchema>

/** Training before its first step. */
export const atStart: Progress = {
  stage: 0,
  stageEpoch: 0,
  epoch: 0,
  batch: 0,
  step: 0,
  sums: {},
  best: null,
  finished: false,
  history: [],
}

/** Everything that training changes. */
export interface TrainingState {
  readonly parameters: ParameterState
  readonly memory: Memory
}

/** Every array of a state by its name in a file. */
function arraysOf({ parameters, memory }: TrainingState): Map<string, StoredTensor> {
  const arrays = new Map<string, StoredTensor>()
  for (const [name, { shape, values }] of parameters.buffers) {
    arrays.set(name, { shape, data: values })
    for (const [optimizer, { slots, arrays: remembered }] of parameters.optimizers) {
      for (const [at, data] of (remembered.get(name) ?? []).entries()) {
        arrays.set(`${optimizer}.${slots[at]}.${name}`, { shape, data })
      }
    }
  }
  for (const [name, { shape, data }] of Object.entries(memory)) arrays.set(`memory.${name}`, { shape, data })
  return arrays
}

/** Writes the whole state of training; the file before it survives until this one is complete. */
export async function saveCheckpoint(
  path: string,
  state: TrainingState,
  progress: Progress,
  run: string,
): Promise<void> {
  const optimizers = Object.fromEntries([...state.parameters.optimizers].map(([name, { steps }]) => [name, steps]))
  const metadata = { format: 'siftrec-checkpoint', run, progress: JSON.stringify({ ...progress, optimizers }) }
  await writeAtomically(path, encodeSafetensors(Object.fromEntries(arraysOf(state)), metadata))
}

/**
 * Reads a checkpoint into the state's buffers.
 * @param openStage makes the arrays that the optimizers of a stage fill
 * @throws UserError `corrupted` or `mismatched` when the file is not a checkpoint of this very run.
 */
export function loadCheckpoint(
  path: string,
  state: TrainingState,
  run: string,
  openStage: (stage: number) => void,
): Progress {
  const { tensors, metadata } = readSafetensors(path)
  const foreign = (value: string): UserError =>
    new UserError({
      where: path,
      problem: 'mismatched',
      value,
      expected: 'a checkpoint of this run',
      hint: 'resume with the same settings that the run was started with',
    })
  if (metadata['format'] !== 'siftrec-checkpoint') throw foreign('not a checkpoint of ours')
  if (metadata['run'] !== run) throw foreign('it was made with other settings or another dataset')
  const progress = progressOf(path, metadata['progress'])
  openStage(progress.stage)
  for (const [name, { data }] of arraysOf(state)) {
    const stored = tensors[name]
    if (stored?.data.constructor !== data.constructor || stored.data.length !== data.length) {
      throw foreign(`"${name}" is missing or of another size`)
    }
    ;(data as Float32Array).set(stored.data as Float32Array)
  }
  state.parameters.step = progress.step
  for (const [name, remembered] of state.parameters.optimizers)
    remembered.steps = progress.optimizers?.[name] ?? progress.step
  return progress
}

/** Where the training stands that wrote a checkpoint. @throws UserError as {@link loadCheckpoint} */
export const readProgress = (path: string): Progress => progressOf(path, readSafetensors(path).metadata['progress'])

/** @throws UserError `corrupted` for a place that no training can have come to */
function progressOf(path: string, text = 'null'): Progress {
  const { data, error } = progressSchema.safeParse(parsedJson(text))
  if (data && data.history.length === data.epoch && data.stageEpoch <= data.epoch) return data
  const [issue] = error?.issues ?? []
  const value = issue ? `its ${issue.path.join('.') || 'progress'}: ${issue.message}` : `epoch ${data?.epoch}`
  throw impossible(path, value)
}

/** For a checkpoint that says training is where it cannot be. */
export function impossible(path: string, value: string): UserError {
  const hint = 'restore it from a copy, or train again with --overwrite'
  return new UserError({ where: path, problem: 'corrupted', value, expected: 'where a training can stand', hint })
}

/** Writes a model's parameters and memory alone, as they are served. */
export async function saveModel(path: string, { parameters, memory }: TrainingState, run: string): Promise<void> {
  const tensors = [...parameters.buffers].map(([name, { shape, values }]) => [name, { shape, data: values }] as const)
  const kept = Object.entries(memory).map(([name, { shape, data }]) => [`memory.${name}`, { shape, data }] as const)
  const metadata = { format: 'siftrec-model', run }
  await writeAtomically(path, encodeSafetensors(Object.fromEntries([...tensors, ...kept]), metadata))
}

/** Reads what {@link saveModel} wrote back into the state: where the next stage begins. */
export function loadModel(path: string, state: TrainingState): void {
  const { tensors } = readSafetensors(path)
  for (const [name, { values }] of state.parameters.buffers) values.set(tensors[name]?.data as Float32Array)
  for (const [name, { data }] of Object.entries(state.memory)) {
    ;(data as Float32Array).set(tensors[`memory.${name}`]?.data as Float32Array)
  }
}
