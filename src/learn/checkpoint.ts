/**
 * @file Saving and resuming: parameters, optimizers and memory as safetensors, where training stands as JSON in its
 * metadata.
 */
import * as z from 'zod'
import { UserError } from '../errors.ts'
import type { Memory } from '../models/contract/model.ts'
import type { Ranks } from '../mpi/ranks.ts'
import { parsedJson } from '../storage/json.ts'
import { kindOf, type StoredTensor } from '../storage/safetensors.ts'
import {
  type OpenSafetensors,
  openSafetensors,
  passSafetensors,
  type StreamedTensor,
  writeSafetensors,
} from '../storage/streamed-safetensors.ts'
import { type Shape, sizeOf } from '../tensor/node.ts'
import { everyRow, type HeldRows, stretchRows } from './held-rows.ts'
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

/** An array of a state: what of it is in this process, and the shape of the whole. */
interface Slot extends StoredTensor {
  readonly held: HeldRows
}

/** Every array of a state by its name in a file. */
function slotsOf({ parameters, memory }: TrainingState): Map<string, Slot> {
  const slots = new Map<string, Slot>()
  for (const [name, { shape, held, values }] of parameters.buffers) {
    slots.set(name, { shape, held, data: values })
    for (const [optimizer, { slots: kinds, arrays: remembered }] of parameters.optimizers) {
      for (const [at, data] of (remembered.get(name) ?? []).entries()) {
        slots.set(`${optimizer}.${kinds[at]}.${name}`, { shape, held, data })
      }
    }
  }
  for (const [name, slot] of memorySlots(memory)) slots.set(name, slot)
  return slots
}

const memorySlots = (memory: Memory): [string, Slot][] =>
  Object.entries(memory).map(([name, { shape, data }]) => [`memory.${name}`, { shape, held: everyRow, data }])

/** Those of a model as it is served: its parameters and memory. */
const servedSlots = ({ parameters, memory }: TrainingState): Map<string, Slot> =>
  new Map([
    ...[...parameters.buffers].map(([name, { shape, held, values }]): [string, Slot] => [
      name,
      { shape, held, data: values },
    ]),
    ...memorySlots(memory),
  ])

const widthOf = (shape: Shape): number => sizeOf(shape.slice(1))

const streamed = ({ shape, held, data }: Slot): StreamedTensor => ({
  shape,
  kind: kindOf(data),
  stretches: () => held.stretches(data, { rows: shape[0] ?? 1, width: widthOf(shape) }),
})

/** Where a file goes: nowhere on a rank that writes none, which gives its share of the arrays to the one that does. */
export type Destination = string | undefined

function write(path: Destination, slots: ReadonlyMap<string, Slot>, metadata: Record<string, string>): Promise<void> {
  const tensors = Object.fromEntries([...slots].map(([name, slot]) => [name, streamed(slot)]))
  return path === undefined ? passSafetensors(tensors) : writeSafetensors(path, tensors, metadata)
}

/** Reads an array of a file, as far as it is held here. */
function fill(file: OpenSafetensors, name: string, { shape, held, data }: Slot): void {
  const width = widthOf(shape)
  for (const { first, stretch } of file.stretches(name, stretchRows(width) * width))
    held.keep(data, stretch, { first: first / width, width })
}

/** Writes the whole state of training; the file before it survives until this one is complete. */
export async function saveCheckpoint(
  path: Destination,
  state: TrainingState,
  progress: Progress,
  run: string,
): Promise<void> {
  const optimizers = Object.fromEntries([...state.parameters.optimizers].map(([name, { steps }]) => [name, steps]))
  const metadata = { format: 'siftrec-checkpoint', run, progress: JSON.stringify({ ...progress, optimizers }) }
  await write(path, slotsOf(state), metadata)
}

/**
 * Opens a file that all ranks read. The first alone compares it with its hash, before the others open it: each of them
 * would read the whole file once more for that.
 */
async function openForAll(path: string, ranks: Ranks | undefined): Promise<OpenSafetensors> {
  if (ranks && ranks.rank > 0) {
    await ranks.together()
    return openSafetensors(path, { checked: true })
  }
  const file = openSafetensors(path)
  await ranks?.together()
  return file
}

/** What a checkpoint must be of, and who reads it. */
interface Loading {
  /** The run's fingerprint. */
  readonly run: string
  /** Makes the arrays that the optimizers of a stage fill. */
  readonly openStage: (stage: number) => void
  readonly ranks?: Ranks | undefined
}

/**
 * Reads a checkpoint into the state's buffers.
 * @throws UserError `corrupted` or `mismatched` when the file is not a checkpoint of this very run.
 */
export async function loadCheckpoint(
  path: string,
  state: TrainingState,
  { run, openStage, ranks }: Loading,
): Promise<Progress> {
  using file = await openForAll(path, ranks)
  const { metadata } = file
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
  for (const [name, slot] of slotsOf(state)) {
    const stored = file.contentOf(name)
    if (stored?.kind !== kindOf(slot.data) || stored.length !== sizeOf(slot.shape))
      throw foreign(`"${name}" is missing or of another size`)
    fill(file, name, slot)
  }
  state.parameters.step = progress.step
  for (const [name, remembered] of state.parameters.optimizers)
    remembered.steps = progress.optimizers?.[name] ?? progress.step
  return progress
}

/** Where the training stands that wrote a checkpoint. @throws UserError as {@link loadCheckpoint} */
export function readProgress(path: string): Progress {
  using file = openSafetensors(path)
  return progressOf(path, file.metadata['progress'])
}

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
export const saveModel = (path: Destination, state: TrainingState, run: string): Promise<void> =>
  write(path, servedSlots(state), { format: 'siftrec-model', run })

/** Reads what {@link saveModel} wrote back into the state: where the next stage begins. */
export async function loadModel(path: string, state: TrainingState, ranks?: Ranks): Promise<void> {
  using file = await openForAll(path, ranks)
  for (const [name, slot] of servedSlots(state)) fill(file, name, slot)
}
