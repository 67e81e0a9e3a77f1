/** @file The contract of a trainable next-item model: graphs for training and serving, and how windows of events fill their inputs. */
import type * as z from 'zod'
import type { Window, WindowSettings } from '../../batches/windows.ts'
import type { BehaviorIndex, Dataset, FeatureModality, History, ItemIndex, Split } from '../../dataset/schema.ts'
import type { Noise } from '../../nn/noise.ts'
import type { RandomStream } from '../../random/stream.ts'
import type { Tensor } from '../../tensor/node.ts'
import type { Explanation } from './scorer.ts'

/** What a model may know of a dataset before training: sizes and names, never events. */
export interface CatalogShape {
  readonly itemCount: number
  readonly userCount: number
  readonly behaviors: readonly string[]
  readonly target: BehaviorIndex
  /** Number of values of each categorical field, 0 (unknown) included. */
  readonly fields: Readonly<Record<string, number>>
  /** Width of each modality's vectors. */
  readonly features: Readonly<Partial<Record<FeatureModality, number>>>
}

/** The static sizes a graph is compiled for. */
export interface BatchShape {
  /** B, the number of windows. */
  readonly rows: number
  /** L, positions of a window. */
  readonly length: number
  /** M, targets of the whole batch; 0 when serving. */
  readonly targets: number
  /** The most targets of any one window. */
  readonly targetsPerRow?: number
  /** Each window has one target, read at its last position: what comes after that position need not be computed. */
  readonly lastOnly?: boolean
}

/** Buffers of a graph's inputs, by name, to be filled for each batch. */
export type InputBuffers = Readonly<Record<string, Float32Array | BigInt64Array>>

/** A graph for one shape. */
export interface TrainingGraph {
  readonly inputs: Readonly<Record<string, Tensor>>
  /** A scalar. */
  readonly loss: Tensor
  /** Named scalars to report, the loss's parts. */
  readonly parts: Readonly<Record<string, Tensor>>
}
/** The serving graph of one shape: user vectors [B, D], and whatever `explain` wants to read. */
export interface ServingGraph {
  readonly inputs: Readonly<Record<string, Tensor>>
  readonly user: Tensor
  readonly reasons: Readonly<Record<string, Tensor>>
}

/** A built next-item model: the score of an item is the dot product of the user's vector and the item's row of the table. */
export interface NextItemModel {
  readonly windows: WindowSettings
  /** Inputs of every graph besides the catalog's own data, by name: bound once and never copied. */
  readonly frozen?: Readonly<Record<string, Float32Array | BigInt64Array>>
  train(shape: BatchShape, noise: Noise): TrainingGraph
  serve(shape: BatchShape): ServingGraph
  /** The item table [itemCount + 1, D], computed once per trained model. */
  table(): Tensor
  /** Tensors of parameters and frozen inputs alone that serving graphs read as inputs of these names, computed along with the table. */
  prepared?(): Readonly<Record<string, Tensor>>
  /** Fills the buffers of a training or serving graph; rows beyond the windows are padding. `random` is the step's own, and given in training alone. */
  fill(windows: readonly Window[], shape: BatchShape, buffers: InputBuffers, random?: RandomStream): void
  /** Turns the serving graph's reasons for one history (row 0) into explanations. */
  explain?(
    history: History,
    items: readonly ItemIndex[],
    reasons: Readonly<Record<string, Float32Array>>,
    scores: ItemScores,
  ): readonly Explanation[]
}
/** The item table's rows, to recompute a score's parts. */
export interface ItemScores {
  readonly table: Float32Array
  readonly width: number
}

/** Tensors made once for a dataset and a split, before anything is trained: item graphs, clusters. */
export type Offline = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly data: Float32Array | BigInt64Array }>
>

/** A compiled graph outside training: the runtime's program, as far as a model may use it. */
export interface Computation extends AsyncDisposable {
  bind(name: string, buffer: Float32Array | BigInt64Array): void
  run(): Promise<void>
  readonly outputs: Readonly<Record<string, Float32Array | BigInt64Array | Uint8Array>>
}
/** Compiles the graph of some tensors. */
export type Compute = (outputs: Readonly<Record<string, Tensor>>) => Promise<Computation>

/** What is computed offline from training rows alone: [events.start[u], split.trainEnd[u]) of each user, and the items' features. */
export interface OfflineSources {
  readonly dataset: Dataset
  readonly split: Split
  readonly compute: Compute
}

/** A next-item model before it is built: slug, hyper-parameters, and how to build it. */
export interface NextItemDefinition<Config = unknown> {
  readonly slug: string
  readonly task: 'next-item'
  readonly title: string
  readonly config: z.ZodType<Config>
  readonly offline?: {
    /** The options that what is made depends on: with the dataset and the split they name the cached file. */
    key(config: Config): unknown
    /** @throws UserError when the dataset does not fit the options */
    make(config: Config, sources: OfflineSources): Promise<Offline>
  }
  build(config: Config, catalog: CatalogShape, offline?: Offline): NextItemModel
}

/** Defines a model; the config's type flows from its schema. */
export function defineModel<Config>(definition: NextItemDefinition<Config>): NextItemDefinition<Config> {
  return definition
}
