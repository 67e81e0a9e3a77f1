/** @file The multi-modal feature enhancement of Diff-MSIN (section 3.3): experts of each modality, shared experts, and what keeps them apart. */
import { linear } from '../../nn/linear.ts'
import { mlp } from '../../nn/mlp.ts'
import type { Noise } from '../../nn/noise.ts'
import { add, addAll, div, mul, sigmoid, sqrt, sub } from '../../tensor/elementwise.ts'
import { reshape } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import { sum, sumSquares } from '../../tensor/reduce.ts'

/** Vectors [B, d_e] by modality, the id first. */
export type ByModality = ReadonlyMap<string, Tensor>

/** What the module gives on. */
export interface Enhanced {
  /** E^m of eq. 7. */
  readonly enhanced: ByModality
  /** E_expert^sh of eq. 5. */
  readonly common: Tensor
  /** L_con of eq. 9 for each row, [B]. */
  readonly decoupling: Tensor
}

/** Shared experts (eq. 5), gates (eq. 6-7) and decoupling (eq. 8-9, R-D3); parameters `shared.MODALITY.*` and `enhance.MODALITY.*`. */
export function enhancement(widths: ReadonlyMap<string, number>, expertSize: number) {
  const shared = new Map(
    [...widths].map(([name, width]) => [name, mlp(`shared.${name}`, [width, expertSize, expertSize])]),
  )
  const gates = new Map([...widths.keys()].map((name) => [name, linear(`enhance.${name}`, [expertSize, expertSize])]))
  return (pooled: ByModality, experts: ByModality, noise: Noise): Enhanced => {
    const commons = [...shared].map(([name, expert]) => expert(pooled.get(name) as Tensor, noise))
    const common = mul(addAll(commons), 1 / commons.length)
    const enhanced = new Map(
      [...gates].map(([name, gate]) => {
        const own = experts.get(name) as Tensor
        // w * own + (1 - w) * common, with one product.
        return [name, add(common, mul(sigmoid(gate(own)), sub(own, common)))]
      }),
    )
    const apart = meanCosine([...experts.values(), common])
    const together = meanCosine(commons)
    return { enhanced, common, decoupling: together ? sub(apart as Tensor, together) : (apart as Tensor) }
  }
}

/**
 * x [B, D] at length 1, or shorter where x itself is shorter than about 0.1: the direction of what is nearly nothing, as after an empty history, says
 * nothing, and its gradient would drown all others.
 */
const unit = (x: Tensor): Tensor => div(x, sqrt(add(reshape(sumSquares(x), [x.shape[0] as number, 1]), 0.01)))

/** The cosine of each row, [B]. */
export const cosine = (a: Tensor, b: Tensor): Tensor => sum(mul(unit(a), unit(b)), [1])

/**
 * The cosine of each row, averaged over all pairs of vectors [B, D] -> [B]; undefined where there is no pair.
 * The square of the sum of n unit vectors is n plus twice the sum over pairs: no pair is computed apart.
 */
function meanCosine(vectors: readonly Tensor[]): Tensor | undefined {
  const count = vectors.length
  if (count < 2) return undefined
  const units = vectors.map(unit)
  const twicePairs = sub(sumSquares(addAll(units)), addAll(units.map(sumSquares)))
  return mul(twicePairs, 1 / (count * (count - 1)))
}
