/**
 * @file Kinds of batches: what is symbolic in a batch and how the host fills it, side by side, so that no model touches
 * a buffer.
 */
import type { ClickSamples } from '../dataset/click-samples.ts'
import type { ClickVocabulary } from '../dataset/click-vocabulary.ts'
import type { Dataset, Split } from '../dataset/schema.ts'
import type { RandomStream } from '../random/stream.ts'
import { type DataType, input, type Shape, type Tensor } from '../tensor/node.ts'

/** The static sizes a graph is compiled for. Each kind reads those it has. */
export interface BatchShape {
  /** B: windows, samples, pairs, items, users or triples. */
  readonly rows: number
  /** L, the places of a history. */
  readonly length: number
  /** P, the targets of the whole batch; 0 when serving. */
  readonly targets: number
  /** The most targets of any one window. */
  readonly targetsPerRow?: number
  /** Each window has one target, read at its last event: what comes after that event need not be computed. */
  readonly lastOnly?: boolean
  /** H, the histories of impressions: as many as rows, or 1 where all candidates are for one user. */
  readonly histories?: number
  /** The shapes of kinds that one batch joins, by their names. */
  readonly joined?: Readonly<Record<string, BatchShape>>
}

/** Buffers of a graph's inputs, by name. Only those that the graph reads are there. */
export type InputBuffers = Readonly<Record<string, Float32Array | BigInt64Array>>

/** Declares an input of a graph. */
export type DeclareInput = (name: string, shape: Shape, dtype?: DataType) => Tensor

/** What training learns from: a dataset with the split of its events, or with labelled samples. */
export type TrainingData =
  | {
      readonly dataset: Dataset
      readonly split: Split
      readonly samples?: undefined
      /** What training said of numbers, where the dataset came later; by default the split's training rows say it. */
      readonly vocabulary?: ClickVocabulary | undefined
    }
  | { readonly dataset: Dataset; readonly samples: ClickSamples; readonly split?: undefined }

/** How an epoch is cut into batches. */
export interface TrainingSettings {
  /** The model's name, for messages. */
  readonly slug: string
  readonly batchSize: number
  readonly seed: number
  /** The model's memory as it is when an epoch begins, for kinds that choose their rows by it. */
  readonly memory?: Readonly<Record<string, { readonly data: Float32Array | BigInt64Array }>>
}

/** One batch to come. */
export interface TrainingBatch {
  /** One of the kind's shapes. */
  readonly shape: BatchShape
  /** Fills the buffers of a graph of this shape; returns how many targets the batch has. */
  fill(buffers: InputBuffers, random: RandomStream): number
}

/** Everything a kind of batch has to train on. */
export interface TrainingBatches {
  /** What is learned from, in words: `1,000 targets in 20 windows`. */
  readonly size: string
  /** The shapes that batches have. */
  readonly shapes: readonly BatchShape[]
  /** The batches of an epoch, from 1; the same for the same epoch. */
  epoch(number: number): readonly TrainingBatch[]
}

/** A symbolic batch and the inputs it is made of. */
export interface Declared<Batch> {
  readonly inputs: Readonly<Record<string, Tensor>>
  readonly batch: Batch
}

/**
 * How `batchesOf` makes a kind or an extra again elsewhere, where the model is not: its name and its settings,
 * which survive JSON.
 */
export interface Recipe {
  readonly name: string
  readonly settings?: unknown
}

/** What a model reads beside the plain batch: negatives, moments, a cloze, an augmented history. */
export interface Extra<More, Rows, Batch = unknown> {
  /** Absent where nobody else can make it: a model that reads it is not exported. */
  readonly recipe?: Recipe
  /** Declares the further inputs of a batch of this shape. */
  declare(shape: BatchShape, input: DeclareInput, batch: Batch): More
  /** Fills them from the rows of a batch; `random` and `data` are there in training alone. */
  fill?(rows: Rows, shape: BatchShape, buffers: InputBuffers, drawn: Drawn | undefined): void
}

/** What the fill of a training batch may draw from. */
export interface Drawn {
  /** The step's own stream. */
  readonly random: RandomStream
  readonly data: TrainingData
}

/**
 * A kind of batch: `sequences(...)`, `pairs(...)`, `impressions(...)`, `items()`, `itemPairs(...)`, `users(...)`,
 * `triples(...)`.
 */
export interface BatchKind<Batch, Rows> {
  /** The kind and its extras, in their order; absent where one of them has none. */
  readonly recipe: readonly Recipe[] | undefined
  /** A shape of training small enough to find out which parameters a graph reads. */
  readonly smallest: BatchShape
  declare(shape: BatchShape): Declared<Batch>
  /** The same, where somebody else keeps the inputs. */
  declareBy(input: DeclareInput, shape: BatchShape): Batch
  /** Fills the buffers of one batch; `drawn` is there in training alone. */
  fill(rows: Rows, shape: BatchShape, buffers: InputBuffers, drawn?: Drawn): void
  /** @throws UserError `empty` when there is nothing to train on */
  training(data: TrainingData, settings: TrainingSettings): TrainingBatches
  /** The same batch and more: `sequences(settings).with(negatives(1)).with(moments())`. */
  with<More>(extra: Extra<More, Rows, Batch>): BatchKind<Batch & More, Rows>
}

/** What {@link batchKind} is made of. */
export interface KindParts<Batch, Rows> {
  readonly recipe?: readonly Recipe[] | undefined
  readonly smallest: BatchShape
  declare(shape: BatchShape, input: DeclareInput): Batch
  fill(rows: Rows, shape: BatchShape, buffers: InputBuffers, drawn?: Drawn): void
  /** All batches of training; `fill` fills the plain batch and its extras. */
  training(
    data: TrainingData,
    settings: TrainingSettings,
    fill: (rows: Rows, shape: BatchShape, buffers: InputBuffers, random: RandomStream) => void,
  ): TrainingBatches
}

/** Before the names of a batch's inputs, so that a model may name its parameters as it likes. */
const prefix = 'batch.'

/** Buffers by the names that a kind has for them. */
const ofBatch = (buffers: InputBuffers): InputBuffers =>
  Object.fromEntries(Object.entries(buffers).map(([name, buffer]) => [name.slice(prefix.length), buffer]))

/** The buffers of one of several kinds that one batch joins, as that kind would have them alone. */
export function ofJoined(kind: string, buffers: InputBuffers): InputBuffers {
  const own = `${prefix}${kind}.`
  return Object.fromEntries(
    Object.entries(buffers).flatMap(([name, buffer]) =>
      name.startsWith(own) ? [[`${prefix}${name.slice(own.length)}`, buffer]] : [],
    ),
  )
}

/** The users' indices in the buffers of a batch, of each kind that it joins. */
export const usersIn = (buffers: InputBuffers): readonly BigInt64Array[] =>
  Object.entries(buffers).flatMap(([name, buffer]) =>
    name.startsWith(prefix) && name.endsWith('.user') ? [buffer as BigInt64Array] : [],
  )

/** Makes a kind of batch. */
export function batchKind<Batch, Rows>(parts: KindParts<Batch, Rows>): BatchKind<Batch, Rows> {
  const kind: BatchKind<Batch, Rows> = {
    recipe: parts.recipe,
    smallest: parts.smallest,
    declare(shape) {
      const inputs: Record<string, Tensor> = {}
      const batch = parts.declare(shape, (name, sizes, dtype) => {
        const whole = `${prefix}${name}`
        inputs[whole] = input(whole, sizes, dtype)
        return inputs[whole]
      })
      return { inputs, batch }
    },
    declareBy: (declareInput, shape) => parts.declare(shape, declareInput),
    fill: (rows, shape, buffers, drawn) => parts.fill(rows, shape, ofBatch(buffers), drawn),
    training: (data, settings) =>
      parts.training(data, settings, (rows, shape, buffers, random) =>
        kind.fill(rows, shape, buffers, { random, data }),
      ),
    with: (extra) => batchKind(extended(parts, extra)),
  }
  return kind
}

/** A kind with an extra; the extra draws after the plain batch and the extras before it. */
function extended<Batch, Rows, More>(
  parts: KindParts<Batch, Rows>,
  extra: Extra<More, Rows, Batch>,
): KindParts<Batch & More, Rows> {
  return {
    recipe: parts.recipe && extra.recipe && [...parts.recipe, extra.recipe],
    smallest: parts.smallest,
    declare(shape, declareInput) {
      const batch = parts.declare(shape, declareInput)
      return { ...batch, ...extra.declare(shape, declareInput, batch) }
    },
    fill(rows, shape, buffers, drawn) {
      parts.fill(rows, shape, buffers, drawn)
      extra.fill?.(rows, shape, buffers, drawn)
    },
    training: (data, settings, fill) => parts.training(data, settings, fill),
  }
}

/** An epoch's batches of rows in their order, all of one shape and full but for the last. */
export function inOrder<Rows extends { readonly length: number }>(
  count: number,
  shape: BatchShape,
  rowsAt: (begin: number, end: number) => Rows,
  fill: (rows: Rows, shape: BatchShape, buffers: InputBuffers, random: RandomStream) => void,
): TrainingBatch[] {
  return Array.from({ length: Math.ceil(count / shape.rows) }, (_, at) => ({
    shape,
    fill(buffers, random) {
      const rows = rowsAt(at * shape.rows, (at + 1) * shape.rows)
      fill(rows, shape, buffers, random)
      return rows.length
    },
  }))
}

/** A count as people write it: `12,345`. */
export const counted = (value: number): string => value.toLocaleString('en-US')
