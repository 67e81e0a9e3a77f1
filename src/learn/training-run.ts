/** @file What a training is made of, and what it tells while it goes on. */
import type { TrainingData } from '../batches/kind.ts'
import type { Better } from '../metrics/table.ts'
import type { FrozenInputs } from '../models/contract/catalog.ts'
import type { BuiltModel, Memory } from '../models/contract/model.ts'
import type { Ranks } from '../mpi/ranks.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Progress } from './checkpoint.ts'
import type { TrainingConfig } from './config.ts'
import type { MemoryEstimate } from './memory.ts'
import type { NoisePools } from './noise-pools.ts'
import type { ParameterState } from './parameters.ts'

/** Measures the parameters as they stand. */
export interface Validator extends AsyncDisposable {
  /** The metric over the validation targets. @param counted is told how many targets are done */
  validate(counted?: (done: number, all: number) => void): Promise<number>
}

/** How a model is validated while it trains. */
export interface Validation {
  /** What is measured: `NDCG@10`. */
  readonly metric: string
  /** Which values are better. */
  readonly better: Better
  /** What a constant has: where it is told, a model that is no better is of no use. */
  readonly constant?: number
  /** Whether there is anything to measure; if not, the epoch with the lowest training loss is kept. */
  readonly measures: boolean
  /** Memory that it takes. */
  bytes(state: ParameterState, memory: Memory): Promise<number>
  /** @param state its values change in place between two validations */
  open(state: ParameterState, memory: Memory): Promise<Validator>
}

/** What `trainModel` needs. */
export interface TrainingRun {
  readonly slug: string
  readonly model: BuiltModel
  readonly data: TrainingData
  readonly frozen: FrozenInputs
  readonly validation: Validation
  readonly training: TrainingConfig
  /** Noise of the training's seed, where somebody has it already. */
  readonly pools?: NoisePools
  readonly runtime: Runtime
  /** All processes that train it together; by default this one alone. */
  readonly ranks?: Ranks | undefined
  /** Whether ranks hold the item table together, each a share of its rows; by default each holds all of them. */
  readonly shardItems?: boolean
  /** Where checkpoints go. */
  readonly folder: string
  /** Names this run: model, settings and dataset; a checkpoint of another is refused. */
  readonly fingerprint: string
  /** Parameters to begin with, by name, in place of those the seed draws: a warm start. */
  readonly start?: ReadonlyMap<string, Float32Array>
  readonly resume?: boolean
  /** After how many minutes a checkpoint is written within an epoch too; by default only after each epoch. */
  readonly checkpointMinutes?: number
  /** Aborting finishes the step, saves, and ends the run as interrupted. */
  readonly signal?: AbortSignal
  readonly report?: (event: TrainingEvent) => void
}

/** What a run tells while it goes on. */
export type TrainingEvent =
  /** Something to know, as a line. */
  | { readonly kind: 'note'; readonly text: string }
  /** How much of a work in place of training is done. */
  | { readonly kind: 'counted'; readonly work: string; readonly done: number; readonly all: number }
  | {
      /** Work before training, or in its place: it is told before it begins. */
      readonly kind: 'memory'
      /** What the work is. */
      readonly work: string
      /** What the process will hold at the peak. */
      readonly bytes: number
    }
  | {
      readonly kind: 'start'
      /** What is learned from, in words. */
      readonly size: string
      /** What validation measures: `NDCG@10`. */
      readonly metric: string
      /** Whether there is anything to validate by. */
      readonly measures: boolean
      readonly parameters: number
      readonly batches: number
      readonly memory: MemoryEstimate
      readonly resumed: Progress
    }
  | {
      readonly kind: 'batch'
      readonly epoch: number
      readonly batch: number
      readonly batches: number
      readonly loss: number
      readonly targetsPerSecond: number
    }
  | {
      readonly kind: 'epoch'
      readonly epoch: number
      /** The stage, where the model has several. */
      readonly stage?: string
      readonly loss: number
      readonly parts: Readonly<Record<string, number>>
      readonly metric: string
      /** Null in a stage that does not validate, and where there is nothing to validate by. */
      readonly validation: number | null
      /** What decides which epoch is kept; null in a stage that keeps the last one. */
      readonly by: 'validation' | 'loss' | null
      readonly best: boolean
      readonly seconds: number
      readonly targetsPerSecond: number
      /** Seconds until the last allowed epoch; early stopping may end sooner. */
      readonly secondsLeft: number
    }
