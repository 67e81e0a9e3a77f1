/**
 * @file What the kinds of models differ in, to whoever runs, opens and measures them: nobody else asks which kind a
 * model is.
 */
import type { TrainingData } from '../batches/kind.ts'
import type { ClickSamples, Kept } from '../dataset/click-samples.ts'
import type { Dataset, Split } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import type { Predictions } from '../evaluate/clicks.ts'
import type { TargetRanks } from '../evaluate/rank.ts'
import type { TrainingResult } from '../learn/loop.ts'
import { heldBytes } from '../learn/memory.ts'
import type { Users } from '../learn/serving-memory.ts'
import type { TrainingEvent } from '../learn/training-run.ts'
import type { Moved } from '../models/contract/places.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import type { Ranks } from '../mpi/ranks.ts'
import type { BakedModel } from '../rank/baked-model.ts'
import type { ClickPredictor } from '../rank/click-predictor.ts'
import type { NextItemScorer } from '../rank/scorer.ts'
import type { StoredTensor } from '../storage/safetensors.ts'
import type { Run } from './run-settings.ts'

/** What listens to a run and can stop it. */
export interface Watching {
  /** Aborting finishes the step, saves, and ends the run as interrupted. */
  readonly signal?: AbortSignal
  /** After how many minutes a checkpoint is written within an epoch too; by default only after each epoch. */
  readonly checkpointMinutes?: number
  readonly report?: (event: TrainingEvent) => void
  /** All processes that do it together; by default this one alone. */
  readonly ranks?: Ranks | undefined
  /** Whether the ranks hold the item table together, each a share of its rows; the run is the same. */
  readonly shardItems?: boolean
}

/** What {@link Task.learn} needs. */
export interface LearnRequest {
  readonly run: Run
  readonly data: TrainingData
  /** The run's folder. */
  readonly out: string
  readonly fingerprint: string
  readonly resume?: boolean
  /** Parameters to begin with. */
  readonly start?: ReadonlyMap<string, Float32Array>
  readonly watching: Watching
}

/** Is told the memory of serving before anything is compiled. */
export interface MemoryListener {
  /** Who will be served. */
  readonly users: Users
  /** @param bytes what the process will hold at the peak */
  readonly tell: (bytes: number) => void
}

/** What {@link Task.open} needs. */
export interface OpenRequest {
  readonly folder: string
  readonly run: Run
  readonly data: TrainingData
  /** The model's file, and what is in it. */
  readonly path: string
  readonly tensors: Readonly<Record<string, StoredTensor>>
  /** Where items and users were, on a later dataset. */
  readonly moved?: Moved
  readonly memory?: MemoryListener
  /** How many histories compiled batches hold: as in `ScorerParts`. */
  readonly rows?: readonly number[]
  /** Asks for an index of the items, and is told of it in lines. */
  readonly index?: (line: string) => void
}

/** How {@link Served.measure} asks. */
export interface MeasureOptions {
  /** Draws the sampled negatives. */
  readonly seed: number
  /** Whether to rank among sampled negatives too; true by default. */
  readonly sampled?: boolean
  /** Is told how many targets are done. */
  readonly counted?: (done: number, all: number) => void
  /** Length of the lists to keep; none by default. */
  readonly listLength?: number
}

/** What a trained run serves. A part that its model does not have throws, and says what to do instead. */
export interface Served extends AsyncDisposable {
  /** How targets were split. @throws UserError `unsupported` for a model of clicks */
  readonly split: Split
  /** Ranks the catalog. @throws UserError `unsupported` for a model of clicks */
  readonly scorer: Scorer | NextItemScorer
  /** How items start that a run on a later dataset never saw. */
  newItems(): string
  /** How many of a user's last events the model reads. */
  readonly maxLength: number
  /** Whether events of one item at one time count once. */
  readonly mergesBehaviors: boolean
  /** The model as one graph that stands alone. @throws UserError `unsupported` for a model without such a graph */
  baked(): Promise<BakedModel>
  /** Labelled samples. @throws UserError `unsupported` for a model that ranks the next item */
  readonly samples: ClickSamples
  /** Says how probable clicks are. @throws UserError `unsupported` for a model that ranks the next item */
  readonly predictor: ClickPredictor
  /** Ranks, or predictions, of the targets of one part; undefined where there are none. */
  measure(part: 'validation' | 'test', options: MeasureOptions): Promise<TargetRanks | Predictions | undefined>
}

/** What a run is asked in its two parts, for whoever compares runs. */
export interface AskedTargets {
  readonly candidates: string
  /** Whether sampled negatives stand beside a target. */
  readonly negatives: boolean
  readonly tested: number
  /** The rows of these columns that are asked about, validation first. */
  readonly rows: readonly number[]
  readonly columns: {
    readonly user: Int32Array
    readonly item: Int32Array
    readonly time: Float64Array
    /** The answers, where candidates are labelled. */
    readonly label?: Uint8Array
  }
  /** The share of clicks among what trains, where candidates are labelled. */
  readonly clickShare?: number
}

/** A kind of model. */
export interface Task {
  /**
   * Splits a dataset.
   * @param kept of a run that is asked about a later one
   * @throws UserError as `splitDataset` and `clickSamples`
   */
  split(dataset: Dataset, settings: Run['split'], kept?: Kept): TrainingData
  asked(data: TrainingData): AskedTargets
  /** Whether there is anything to validate by. */
  validates(data: TrainingData): boolean
  learn(request: LearnRequest): Promise<TrainingResult>
  /** @throws UserError `mismatched` for a file that does not hold what its run describes */
  open(request: OpenRequest): Promise<Served>
}

/** Tells what the process will hold when it serves. @param bytesOf what serving takes */
export async function tellMemory(
  { memory }: OpenRequest,
  bytesOf: (users: Users) => Promise<number> | number,
): Promise<void> {
  if (memory) memory.tell(heldBytes() + (await bytesOf(memory.users)))
}

/** For a part that a model does not have. */
export function unsupported(folder: string, value: string, expected: string, hint: string): UserError {
  return new UserError({ where: folder, problem: 'unsupported', value, expected, hint })
}
