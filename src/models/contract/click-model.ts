/** @file The contract of a model of clicks: the history of a user and candidate items in, the logit of a click for each candidate out. */
import type * as z from 'zod'
import type { Noise } from '../../nn/noise.ts'
import type { Tensor } from '../../tensor/node.ts'
import type { CatalogShape } from './model.ts'

/** What a model of clicks may know before training: sizes and names. */
export interface ClickShape extends CatalogShape {
  /** Rows of the tables of ids: 0 pads, 1 stands for every id that training hardly knows. */
  readonly itemRows: number
  readonly userRows: number
  /** Number of values of each categorical field of a user, 0 (unknown) included. */
  readonly userFields: Readonly<Record<string, number>>
  /** How many numeric fields items and users have. */
  readonly itemNumbers: number
  readonly userNumbers: number
}

/**
 * The symbolic inputs of one batch: B candidates, and H histories of length L. H is B where each candidate has a history of its own, as in training,
 * or 1 where all candidates are for one user: what has H rows is then computed once, and broadcasts against what has B.
 */
export interface ClickBatch {
  readonly rows: number
  readonly histories: number
  readonly length: number
  /** Index of the user, [H] int64; 0 for somebody new. */
  readonly user_H: Tensor
  /** Index of the candidate, [B] int64. */
  readonly item_B: Tensor
  /** Item indices, oldest first, then zeros up to L: [H, L] int64. */
  readonly history_HL: Tensor
  /** 1 + the behavior of each event, 0 where there is none: [H, L] int64. */
  readonly behavior_HL: Tensor
  /** 1 where there is an event, else 0: [H, L]. */
  readonly mask_HL: Tensor
}

/** What a model makes of a batch. */
export interface ClickOutput {
  /** [B]; the probability of a click is its sigmoid. */
  readonly logit_B: Tensor
  /** What explains the logits: `attention`, how much each event counted, [B, L], and `gates`, [B, gates]. */
  readonly reasons?: Readonly<Record<string, Tensor>>
  /**
   * Losses beside the log loss: scalars, each with its weight. Given are the labels [B] as 0 and 1, and what each row counts, [B], which adds up to 1 and is
   * 0 where a batch has fewer samples than rows. Only asked for in training.
   */
  readonly losses?: (
    label_B: Tensor,
    weight_B: Tensor,
  ) => Readonly<Record<string, { readonly weight: number; readonly value: Tensor }>>
}

/** A built model of clicks. */
export interface ClickModel {
  /** How many of the last events are read; 0 where the history is not. */
  readonly maxLength: number
  /** What the columns of the reason `gates` open and close. */
  readonly gates?: readonly string[]
  forward(batch: ClickBatch, noise: Noise): ClickOutput
}

/** A model of clicks before it is built. */
export interface ClickDefinition<Config = unknown> {
  readonly slug: string
  readonly task: 'click'
  readonly title: string
  readonly config: z.ZodType<Config>
  build(config: Config, shape: ClickShape): ClickModel
}

/** Defines a model of clicks; the config's type flows from its schema. */
export function defineClickModel<Config>(definition: ClickDefinition<Config>): ClickDefinition<Config> {
  return definition
}
