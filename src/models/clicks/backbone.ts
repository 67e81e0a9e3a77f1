/**
 * @file The interface of behavior models, so that Diff-MSIN can be plugged on any of them, and each runs alone (R-D8).
 */
import type * as z from 'zod'
import type { Noise } from '../../nn/noise.ts'
import type { Tensor } from '../../tensor/node.ts'

/** An embedded batch. H is B, or 1 where all candidates are for one user. */
export interface BehaviorInputs {
  /** [H, L, D], oldest first. */
  readonly history: Tensor
  /** [B, D] */
  readonly target: Tensor
  /** [H, L]: 1 where there is an event, else 0. */
  readonly mask: Tensor
  readonly noise: Noise
}

/** What a behavior model makes of it. */
export interface Interest {
  /** What the history says about the candidate, [B, width]. */
  readonly interest: Tensor
  /** How much each event counted, [B, L], 0 where there is none, in the model's own unit. */
  readonly weights: Tensor
}

/** A built behavior model. */
export interface BehaviorModel {
  /** Width of the interest. */
  readonly width: number
  read(inputs: BehaviorInputs): Interest
}

/** The values of some options. */
export type OptionsOf<Options extends z.ZodRawShape> = z.infer<z.ZodObject<Options>>

/** A behavior model before it is built. */
export interface Backbone<Options extends z.ZodRawShape = z.ZodRawShape> {
  readonly slug: string
  readonly title: string
  /** The options of its own, besides those that all models of clicks have. */
  readonly options: Options
  /** Parameters are named `NAME.*`; `width` is that of the embeddings it reads. */
  build(name: string, options: OptionsOf<Options>, width: number): BehaviorModel
}

/** Defines a behavior model; the types of its options flow from their schemas. */
export const defineBackbone = <Options extends z.ZodRawShape>(backbone: Backbone<Options>): Backbone<Options> =>
  backbone
