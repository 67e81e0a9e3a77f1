/**
 * @file Randomness as inputs: dropout masks, normal and Gumbel noise come in from pools, so that a resumed run repeats
 * itself to the bit.
 */
import { mul } from '../tensor/elementwise.ts'
import { input, type Shape, type Tensor } from '../tensor/node.ts'

/** One noise input of a graph: normals, standard Gumbel values, or keep masks holding 0 and 1 / (1 - rate). */
export interface NoiseInput {
  readonly tensor: Tensor
  readonly name: string
  readonly kind: 'normal' | 'gumbel' | 'keep'
  /** The dropout rate; 0 for the others. */
  readonly rate: number
}

/** Where a model's randomness comes from: the training graph declares inputs, the serving graph has none. */
export interface Noise {
  readonly training: boolean
  /** x with a share `rate` of its elements dropped and the rest scaled up; x itself when serving. */
  dropout(x: Tensor, rate: number): Tensor
  /** The mask {@link dropout} would multiply with, or undefined when nothing is dropped. */
  keep(shape: Shape, rate: number): Tensor | undefined
  /** Standard normal values; undefined when serving, where noise is its mean (R-M5). */
  normal(shape: Shape): Tensor | undefined
  /** Standard Gumbel values, -log(-log u); undefined when serving (R-S6). */
  gumbel(shape: Shape): Tensor | undefined
  /** Every input declared so far. */
  readonly inputs: readonly NoiseInput[]
}

/** Noise for a training graph. */
export function trainingNoise(): Noise {
  const inputs: NoiseInput[] = []
  const declare = (kind: NoiseInput['kind'], shape: Shape, rate: number): Tensor => {
    const name = `noise.${inputs.length}`
    const tensor = input(name, shape)
    inputs.push({ tensor, name, kind, rate })
    return tensor
  }
  const keep = (shape: Shape, rate: number): Tensor | undefined => (rate > 0 ? declare('keep', shape, rate) : undefined)
  return {
    training: true,
    inputs,
    keep,
    normal: (shape) => declare('normal', shape, 0),
    gumbel: (shape) => declare('gumbel', shape, 0),
    dropout(x, rate) {
      const mask = keep(x.shape, rate)
      return mask ? mul(x, mask) : x
    },
  }
}

/** No noise: the served model. */
export const noNoise: Noise = {
  training: false,
  inputs: [],
  dropout: (x) => x,
  keep: () => undefined,
  normal: () => undefined,
  gumbel: () => undefined,
}
