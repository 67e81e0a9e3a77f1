/**
 * @file Vectors of several modalities as one: by a tensor of limited rank, or side by side through a linear map.
 */
import { normal, xavier, zeros } from '../../nn/init.ts'
import { linear } from '../../nn/linear.ts'
import { add, mul } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat } from '../../tensor/move.ts'
import { type Initializer, parameter, type Tensor } from '../../tensor/node.ts'
import { parameterAtRate } from './own-rate.ts'

/** Vectors [.., D], one a modality, in the order of their names -> [.., O]. */
export type VectorFusion = (vectors: readonly Tensor[]) => Tensor

/** D of each vector and O of what comes out. */
export type FusionSizes = readonly [from: number, to: number]

/** How a fusion of limited rank is made. */
export interface RankFusionOptions {
  /** R */
  readonly rank: number
  /** Whether ranks have weights, and the output a bias. */
  readonly rankWeights: boolean
  /** How a factor's row for the constant 1 begins. */
  readonly constantRow: Initializer
  /** Learning rate of the factors, as a multiple of the others'; 1 by default. */
  readonly rate?: number
}

/**
 * y = sum_k c_k (product over m of [1, z^m] F^m_k) + d: what a map of the vectors' outer product is whose weights are a
 * sum of R tensors of rank 1. Parameters `NAME.MODALITY.weight` [D, R O] and `.bias` [R O], the rows of F for z and for
 * the 1, ranks side by side; with `rankWeights` also `NAME.ranks` [R, 1] (c) and `NAME.bias` [O] (d), else c is 1 and d
 * is 0.
 */
export function rankFusion(
  name: string,
  modalities: readonly string[],
  [from, to]: FusionSizes,
  { rank, rankWeights, constantRow, rate = 1 }: RankFusionOptions,
): VectorFusion {
  const factors = modalities.map((modality) => ({
    // Fans of one rank: of the stacked factors, a product of several would begin near 0.
    weight: parameterAtRate(`${name}.${modality}.weight`, [from, rank * to], { init: xavier(from + 1, to), rate }),
    bias: parameterAtRate(`${name}.${modality}.bias`, [rank * to], { init: constantRow, rate }),
  }))
  const ranks = rankWeights ? parameter(`${name}.ranks`, [rank, 1], normal(1 / Math.sqrt(rank))) : undefined
  const bias = rankWeights ? parameter(`${name}.bias`, [to], zeros) : undefined
  return (vectors) => {
    const parts = factors.map(({ weight, bias }, at) => add(matmul(vectors[at] as Tensor, weight), bias))
    const whole = parts.reduce(mul)
    const each = whole.reshape([...whole.shape.slice(0, -1), rank, to])
    const fused = (ranks ? mul(each, ranks) : each).sum([-2])
    return bias ? add(fused, bias) : fused
  }
}

/** y = [z^1, .., z^M] W + b: no product of modalities; parameters `NAME.{weight,bias}`. */
export function concatFusion(name: string, count: number, [from, to]: FusionSizes): VectorFusion {
  const layer = linear(name, [count * from, to])
  return (vectors) => layer(concat(vectors, -1))
}
