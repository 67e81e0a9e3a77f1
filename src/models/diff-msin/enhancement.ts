/**
 * @file The multi-modal feature enhancement of Diff-MSIN (section 3.3): shared experts, gates to them, and a loss that
 * keeps experts apart.
 */
import { linear } from '../../nn/linear.ts'
import { mlp } from '../../nn/mlp.ts'
import type { Noise } from '../../nn/noise.ts'
import { add, addAll, mul, sub } from '../../tensor/elementwise.ts'
import type { Tensor } from '../../tensor/node.ts'
import { type Contribution, noLosses, type Vectors, vectorOf } from './vectors.ts'

/** The enhancement, or what stands in for it. */
export interface Enhancement {
  /** What it makes for the fusion beside the vectors that it enhances. */
  readonly parts: readonly string[]
  /** @param pooled what was extracted of each modality; @param experts E_expert of each */
  enhance(pooled: Vectors, experts: Vectors, noise: Noise): Contribution
}

/** Stands in for an enhancement that is left out: the experts' own vectors. */
export const unenhanced: Enhancement = {
  parts: [],
  enhance: (_, experts) => ({ vectors: experts, losses: noLosses }),
}

/** What the enhancement hands on, and its loss before it is averaged. */
export interface Enhanced extends Contribution {
  /** L_con of eq. 9 for each row, [B]. */
  readonly decoupling_B: Tensor
}

/** How the enhancement is built. */
export interface EnhancementConfig {
  readonly expertSize: number
  /** Weight of the decoupling loss. */
  readonly w1: number
}

/**
 * Shared experts (eq. 5), gates (eq. 6-7) and decoupling (eq. 8-9, R-D3); parameters `shared.MODALITY.*` and
 * `enhance.MODALITY.*`.
 * @param widths of what is extracted of each modality
 */
export function enhancement(widths: ReadonlyMap<string, number>, { expertSize, w1 }: EnhancementConfig) {
  const shared = [...widths].map(
    ([name, width]) => [name, mlp(`shared.${name}`, [width, expertSize, expertSize])] as const,
  )
  const gates = [...widths.keys()].map((name) => [name, linear(`enhance.${name}`, [expertSize, expertSize])] as const)
  return {
    parts: ['common'],
    enhance(pooled: Vectors, experts: Vectors, noise: Noise): Enhanced {
      const commons = shared.map(([name, expert]) => expert(vectorOf(pooled, name), noise))
      const common = mul(addAll(commons), 1 / commons.length)
      const enhanced = gates.map(([name, gate]): [string, Tensor] => {
        const own = vectorOf(experts, name)
        // w * own + (1 - w) * common, with one product.
        return [name, add(common, mul(gate(own).sigmoid(), sub(own, common)))]
      })
      const apart = meanCosine([...experts.values(), common])
      const decoupling_B = commons.length > 1 ? sub(apart, meanCosine(commons)) : apart
      return {
        vectors: new Map([...enhanced, ['common', common]]),
        decoupling_B,
        losses: ({ weight_B }) => ({ decoupling: { weight: w1, value: mul(decoupling_B, weight_B).sum() } }),
      }
    },
  } satisfies Enhancement
}

/**
 * Added to a squared length. The direction of what is nearly nothing, as after an empty history, says nothing, and its
 * gradient would drown all others.
 */
const unitEpsilon = 0.01

/** x [B, D] at length 1, or shorter where x itself is shorter than about 0.1. */
const unit = (x: Tensor): Tensor => x.l2Normalize(unitEpsilon)

/** The cosine of each row, [B]. */
export const cosine = (a: Tensor, b: Tensor): Tensor => mul(unit(a), unit(b)).sum([1])

/**
 * The cosine of each row, averaged over all pairs of two or more vectors [B, D] -> [B].
 * The square of the sum of n unit vectors is n plus twice the sum over pairs: no pair is computed apart.
 */
function meanCosine(vectors: readonly Tensor[]): Tensor {
  const count = vectors.length
  const units = vectors.map(unit)
  const twicePairs = sub(addAll(units).sumSquares(), addAll(units.map((one) => one.sumSquares())))
  return mul(twicePairs, 1 / (count * (count - 1)))
}
