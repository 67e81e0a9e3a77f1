/**
 * @file The contract of every trained model: what it reads, how users meet items, and how it is trained. A model puts
 * tensors together and names its batches; it fills no buffer, opens no file and draws no random number.
 */
import type * as z from 'zod'
import type { BatchKind, TrainingData } from '../../batches/kind.ts'
import type { Dataset, FeatureModality, History, ItemIndex } from '../../dataset/schema.ts'
import type { CatalogLoss } from '../../nn/catalog-loss.ts'
import type { Noise } from '../../nn/noise.ts'
import type { Optimizer } from '../../optim/optimizer.ts'
import type { RandomStream } from '../../random/stream.ts'
import type { RowsOf, Shape, Tensor } from '../../tensor/node.ts'
import type { CatalogShape } from './catalog.ts'
import type { Kin, Moved } from './places.ts'
import type { Explanation } from './scorer.ts'

/** What changes from step to step besides the parameters. */
export interface Pass {
  /** False when serving: then noise is its mean, and nothing is dropped. */
  readonly training: boolean
  readonly noise: Noise
  /** A scalar that follows a schedule while training, and has one value when serving: a temperature, a curriculum. */
  scheduled(name: string, schedule: Schedule): Tensor
  /**
   * The loss of targets among the items of the catalog: the softmax over all of them, or what a run has in its place
   * (`--catalog-loss`). For training alone.
   */
  readonly catalogLoss: CatalogLoss
  /** Hands a tensor back to the host after each training step: losses of single rows. See {@link Objective.observe}. */
  observe(name: string, tensor: Tensor): void
}
/** The values of a scheduled scalar. */
export interface Schedule {
  /** @param step steps taken so far by all objectives, from 0; @param epoch of the whole training, from 1 */
  readonly training: (step: number, epoch: number) => number
  readonly serving: number
}

/** Losses by name, scalars, each with its weight in the sum that is minimized. */
export type Losses = Readonly<Record<string, { readonly weight: number | Tensor; readonly value: Tensor }>>

/** The targets of a training batch. */
export interface Targets {
  /** Items [P] int64 */
  readonly target_P: Tensor
  /** [P]; they sum to 1. */
  readonly weight_P: Tensor
}

/** What a model makes of a batch of histories. */
export interface UserReading {
  /** [P, D] */
  readonly user: Tensor
  /** What `explain` reads, by name, of each served history. */
  readonly reasons?: Readonly<Record<string, Tensor>>
  /**
   * Losses beside the softmax over the catalog, or in its place where the score says so. Only asked for in training.
   */
  readonly losses?: (targets: Targets) => Losses
}
/** What a model of clicks makes of a batch of impressions. */
export interface ClickReading {
  /** [B]; the probability of a click is its sigmoid. */
  readonly logit_B: Tensor
  /** What explains the logits: `attention`, how much each event counted, [B, L], and `gates`, [B, gates]. */
  readonly reasons?: Readonly<Record<string, Tensor>>
  /** Losses beside the log loss. Only asked for in training. */
  readonly losses?: () => Losses
}

/** The score of an item is the product of the user's vector and the item's row. */
export interface DotScore<Batch = unknown> {
  readonly kind: 'dot'
  /** [V + 1, D] */
  readonly table: Tensor
  /** ids [P] -> [P, D], rows of the table, where it is computed and not a parameter itself. */
  readonly tableRows?: (ids: Tensor) => Tensor
  /** Whether the table's last column is a bias of each item, which a user's vector meets with a 1; false by default. */
  readonly bias?: boolean
  /** Whether the default stage trains the softmax over the catalog; true by default. */
  readonly softmax?: boolean
  user(batch: Batch, pass: Pass): Tensor | UserReading
}
/** The score of an item combines several products, each of a user's vector and the item's row of another table. */
export interface ProductsScore<Batch = unknown> {
  readonly kind: 'products'
  /** [V + 1, D_i] each */
  readonly tables: readonly Tensor[]
  /** [P, D_i] each */
  users(batch: Batch, pass: Pass): readonly Tensor[]
  /** Products [P, V + 1] each -> scores [P, V + 1]. */
  combine(products: readonly Tensor[]): Tensor
  /** What `explain` reads, by name, of the products of each served history. */
  reasons?(products: readonly Tensor[]): Readonly<Record<string, Tensor>>
}
/** The score of an item goes through a network that reads user and item together. */
export interface PairsScore<Batch = unknown> {
  readonly kind: 'pairs'
  /** How many numbers a pair takes at its widest, by which passes over users and items are cut; 1 by default. */
  readonly widest?: number
  /** [B, W]: what is computed once for a user. */
  user(batch: Batch, pass: Pass): Tensor
  /** user [B, W], items [C] int64 -> scores [B, C]. */
  score(user_BW: Tensor, item_C: Tensor): Tensor
}
/** The model says how probable a click on each candidate is. */
export interface ClickScore<Batch = unknown> {
  readonly kind: 'clicks'
  /** What the columns of the reason `gates` open and close. */
  readonly gates?: readonly string[]
  forward(batch: Batch, pass: Pass): ClickReading
}
/** How users meet items. */
export type Score<Batch = unknown> = DotScore<Batch> | ProductsScore<Batch> | PairsScore<Batch> | ClickScore<Batch>

/** One compiled step: a kind of batch, what is lost on it, whom that trains. */
export interface Objective<Batch = never> {
  /** Names it in progress lines where a stage has several. */
  readonly name: string
  readonly batches: BatchKind<Batch, never>
  losses(batch: Batch, pass: Pass): Losses
  /** By default all parameters that reach the loss. */
  trains?(parameter: string): boolean
  /** By default the run's Adam. Objectives whose optimizers have one name share its moments. */
  readonly optimizer?: Optimizer
  /** With the run's Adam: gradients whose length, over all parameters together, is above this are scaled down to it. */
  readonly clipNorm?: number
  /** With the run's Adam: multiplies the learning rate of a parameter, by its name and the epoch; 1 by default. */
  readonly rateOf?: (parameter: string, epoch: number) => number
  /** Refills the memory before its first step in each epoch, with the parameters as they are then. */
  readonly beforePass?: (context: StageContext) => Promise<void> | void
  /** Reads what `pass.observe` handed back of one batch into the memory. */
  observe?(observed: Readonly<Record<string, Float32Array | BigInt64Array>>, memory: Memory): void
}

/**
 * Arrays that the host keeps beside the parameters: inputs of graphs by their names, refilled while training, saved
 * with it.
 */
export type Memory = Readonly<Record<string, MemoryArray>>
/** One array of a {@link Memory}. */
export interface MemoryArray {
  readonly shape: Shape
  /** What its rows belong to; to be said where they grow with the items or users of a dataset. */
  readonly rows?: RowsOf
  /** What a row is that a later dataset has and this one does not; the mean of the rows by default. */
  readonly fresh?: 'zero'
  /** What its values are the indices of, where they are; 0 is none. */
  readonly holds?: RowsOf
  readonly data: Float32Array | BigInt64Array
}

/** What the hooks of a stage may read and write. */
export interface StageContext {
  readonly data: TrainingData
  readonly memory: Memory
  /** The same stream for the same stage and epoch. */
  readonly random: RandomStream
  /** Computes tensors of today's parameters, frozen inputs and memory; copies. */
  evaluate(
    outputs: Readonly<Record<string, Tensor>>,
  ): Promise<Readonly<Record<string, Float32Array | BigInt64Array | Uint8Array>>>
}

/** A stretch of training: pre-training, fine-tuning, memorization. */
export interface Stage {
  readonly name: string
  /**
   * `until-best`: validated after each epoch, and over when validation no longer improves; the next stage begins with
   * the best parameters. A number: so many epochs without validation; the next stage begins with the last parameters.
   */
  readonly epochs: 'until-best' | number
  readonly objectives: readonly Objective[]
  /**
   * How several objectives take turns. `step`: after every step; an epoch has as many rounds as the first objective has
   * batches, and the others go round theirs. `pass`: each objective passes over its batches, one after the other.
   * `step` by default.
   */
  readonly turns?: 'step' | 'pass'
  /** Before each epoch but the first, optimizers forget all that they remember, and these parameters begin anew. */
  readonly restarts?: (parameter: string) => boolean
  /** Fills the memory before the stage: simulated histories, tables. */
  before?(context: StageContext): Promise<void> | void
  /** Refills the memory before each epoch: clusters of today's vectors, resampled graphs. */
  beforeEpoch?(context: StageContext): Promise<void> | void
  /** Refills the memory by what an epoch came to, before it is validated and saved: which pairs are known by heart. */
  afterEpoch?(context: StageContext): Promise<void> | void
  /** Ends the stage before its time, asked after each epoch: a memorization point. */
  isOver?(memory: Memory): boolean
}

/** A model that is built for a dataset. */
export interface BuiltModel<Batch = unknown> {
  /** What the score reads, in training and when serving. */
  readonly batches: BatchKind<Batch, never>
  /** How histories are cut before they are read. */
  readonly history: HistorySettings
  readonly score: Score<Batch>
  /**
   * For a model that denoises what is known of items: items [M] int64 -> what is read of each, before and after, [M, D]
   * both.
   */
  denoised?(items: Tensor): { readonly before: Tensor; readonly after: Tensor }
  /** By default one stage that trains the score: softmax over the catalog, or log loss of clicks. */
  readonly stages?: readonly Stage[]
  /** The model's own arrays, inputs by name: bound once and never copied. */
  readonly frozen?: Readonly<Record<string, Float32Array | BigInt64Array>>
  /** First values of the model's memory. */
  readonly memory?: Memory
  /**
   * Whether what it says of somebody it has a row for, who did nothing yet, means something; false by default, and then
   * popularity speaks for it.
   */
  readonly answersUsers?: boolean
  /** Parts of the loss that have a price of doing nothing: what stays there has learned nothing. */
  readonly idle?: readonly IdlePart[]
  /**
   * What explanations get by leaving it out beside what `explain` tells: `shares`, those of behaviors, pictures and
   * texts are measured anew; `events`, those that carried a score are named. Nothing by default.
   */
  readonly explainsByLeavingOut?: 'shares' | 'events'
  /** Turns the reasons of one history into explanations of some items' scores. */
  explain?(
    history: History,
    items: readonly ItemIndex[],
    reasons: Readonly<Record<string, Float32Array>>,
    scores: ItemScores,
  ): readonly Explanation[]
}
/** A part of the loss, and what it comes to where the layers that it trains change nothing. */
export interface IdlePart {
  /** Its name among the losses. */
  readonly part: string
  /** What it is, in words. */
  readonly said: string
  readonly cost: number
}
/** How a served history is cut. */
export interface HistorySettings {
  /** How many of the last events are read; 0 where the history is not. */
  readonly maxLength: number
  /** Whether events of one item at one time count once. */
  readonly mergeBehaviors: boolean
  /** Whether every history is padded to `maxLength`, for models that mix places. */
  readonly lengths?: 'buckets' | 'fixed'
}
/** The item table's rows, to recompute a score's parts; empty where several products make a score. */
export interface ItemScores {
  readonly table: Float32Array
  readonly width: number
}

/** Tensors made once for a dataset and a split, before anything is trained: item graphs, clusters, codes. */
export type Offline = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly data: Float32Array | BigInt64Array }>
>

/** What was made once, as values of the inputs that hold it. */
export const frozenOf = (offline: Offline): NonNullable<BuiltModel['frozen']> =>
  Object.fromEntries(Object.entries(offline).map(([name, { data }]) => [name, data]))

/** A compiled graph outside training: the runtime's program, as far as a model may use it. */
export interface Computation extends AsyncDisposable {
  bind(name: string, buffer: Float32Array | BigInt64Array): void
  run(): Promise<void>
  readonly outputs: Readonly<Record<string, Float32Array | BigInt64Array | Uint8Array>>
}
/** Compiles the graph of some tensors. */
export type Compute = (outputs: Readonly<Record<string, Tensor>>) => Promise<Computation>

/**
 * What is computed offline from training rows alone, [events.start[u], split.trainEnd[u]) of each user, or training
 * samples, and items' features.
 */
export type OfflineSources = TrainingData & { readonly dataset: Dataset; readonly compute: Compute }

/** A later dataset, as the run reads it, and where its items and users were. */
export interface LaterSources extends Moved {
  readonly dataset: Dataset
  readonly compute: Compute
}
/** What a run made offline, as it is on a later dataset. */
export interface LaterOffline {
  readonly made: Offline
  /** New items whose parameters begin as those of known ones; the mean of all by default. */
  readonly kin?: Kin
  /** How new items start, in words, where the model's tables do not tell. */
  readonly newItems?: string
}

/** What a model predicts: the next item of a history, or clicks on candidates. */
export type TrainedTask = 'next-item' | 'clicks'

/** A trained model before it is built: slug, hyper-parameters, and how to build it. */
export interface ModelDefinition<Config = unknown, Batch = unknown> {
  readonly slug: string
  readonly title: string
  readonly task: TrainedTask
  /** What is left of it where no item has a picture or a text, and what makes sense then: part of a warning. */
  readonly withoutContent?: string
  /** What a row of its batches is, by which `train` fits their size to the data: windows of many targets by default. */
  readonly rows?: 'windows' | 'targets' | 'pairs'
  /** The weight decay that `train` gives it unless told otherwise: that of all models by default. */
  readonly weightDecay?: number
  /** Pictures or texts without all of which it is nothing: at least one item must have one of these. */
  needs?(config: Config): readonly FeatureModality[]
  /** What stands for the published model where something that it needs cannot be had; part of its card in the docs. */
  readonly reducedForm?: string
  /**
   * What it reads and this dataset does not have, in words such as `times`, where it runs without: told before training
   * and printed beside its name.
   */
  lacks?(config: Config, catalog: CatalogShape): readonly string[]
  /** The only place where options are written: types, defaults, checks, flags and docs are made of it. */
  readonly config: z.ZodType<Config>
  readonly offline?: {
    /** The options that what is made depends on: with the dataset and the split they name the cached file. */
    key(config: Config): unknown
    /** Bytes that `make` and the file of what it made take at their peak. */
    bytes?(config: Config, data: TrainingData): number
    /** @throws UserError when the dataset does not fit the options */
    make(config: Config, sources: OfflineSources): Promise<Offline>
    /**
     * What was made, for a later dataset: of rows that there were all stays as it was made, whatever came since, and
     * what is new is told by its own pictures, texts and fields. It is served and never trained.
     */
    later(config: Config, made: Offline, sources: LaterSources): Promise<LaterOffline> | LaterOffline
  }
  build(config: Config, catalog: CatalogShape, offline?: Offline): BuiltModel<Batch>
}

/** Defines a model; the types of its options and batches flow from its schema and `build`. */
export function defineModel<Config, Batch>(definition: ModelDefinition<Config, Batch>): ModelDefinition<Config, Batch> {
  return definition
}

/** Defines an objective and forgets the type of its batch, so that a stage can hold several kinds. */
export function objective<Batch>(parts: Objective<Batch>): Objective {
  return parts as unknown as Objective
}
