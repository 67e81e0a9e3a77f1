/** @file What the training loop asks of a kind of prediction: its batches, the graphs they run through, and how it validates. */
import type { FrozenInputs } from '../models/contract/frozen-inputs.ts'
import type { RuntimeOptions } from '../runtime/session.ts'
import type { Trainable } from './step.ts'

/** One batch to come, made when its turn is. */
export interface TaskBatch<Shape, Batch> {
  /** One of the task's shapes. */
  readonly shape: Shape
  make(): Batch
}

/** Measures the parameters as they stand. */
export interface Validator extends AsyncDisposable {
  /** @returns the task's metric over the validation targets, the more the better; 0 where there are none */
  validate(): Promise<number>
}

/** A model with what it is to learn. */
export interface Task<Shape, Batch> {
  readonly model: Trainable<Shape, Batch>
  /** The shapes that batches have. */
  readonly shapes: readonly Shape[]
  readonly frozen: FrozenInputs
  /** What is learned from, in words: `1,000 targets in 20 windows`. */
  readonly size: string
  /** What validation measures. */
  readonly metric: string
  /** The batches of an epoch, from 1; the same for the same epoch. */
  batches(epoch: number): readonly TaskBatch<Shape, Batch>[]
  targetsOf(batch: Batch): number
  /** Memory that validation takes. */
  validationBytes(): number
  /** @param parameters values by name, which change in place between two validations */
  validator(parameters: ReadonlyMap<string, Float32Array>, runtime: RuntimeOptions): Promise<Validator>
}
