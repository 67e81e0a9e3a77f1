/** @file Interest disentanglement, eq. 20, in the three readings of R-M11. */
import { hiddenScore } from '../../tensor/attention.ts'
import { greater, where } from '../../tensor/compare.ts'
import { add, addAll, exp, log, mul, sub } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat, reshape } from '../../tensor/move.ts'
import { constant, scalar, type Tensor } from '../../tensor/node.ts'
import { l2Normalize, sum } from '../../tensor/reduce.ts'
import { dims } from '../../tensor/shape.ts'
import type { Interests } from './experts.ts'

/** How {@link disentanglement} compares vectors. */
export interface DisentanglementConfig {
  readonly reading: 'separate' | 'literal' | 'align'
  readonly temperature: number
  /** M, the number of modalities. */
  readonly modalities: number
}

/** The contrast of interests, a scalar: the weighted mean over rows. @param weight_P sums to 1 */
export type Contrast = (interests: Interests, weight_P: Tensor) => Tensor

/** Replaces the contrast when it is left out. */
export const noContrast: Contrast = () => scalar(0)

/** The contrast in one of its readings. */
export function disentanglement({ reading, temperature, modalities }: DisentanglementConfig): Contrast {
  if (reading === 'align')
    return ({ specific }, weight_P) =>
      align(
        specific.map((vector) => l2Normalize(vector)),
        modalities,
        temperature,
        weight_P,
      )
  return ({ specific, common }, weight_P) => {
    const vectors = [...specific, ...common]
    const count = vectors.length
    const [rows, width] = dims(vectors[0] as Tensor, 2)
    const units_PND = l2Normalize(reshape(concat(vectors, 1), [rows, count, width]))
    const similarity_PNN = matmul(units_PND, units_PND, { transposeB: true, scale: 1 / temperature })
    const others_PNN = add(similarity_PNN, onDiagonal(count, hiddenScore))
    const logSum_PN = log(sum(exp(others_PNN), [2]))
    if (reading === 'separate') return sum(mul(sum(mul(logSum_PN, 1 / count), [1]), weight_P))
    // As printed, each of a vector's count - 1 pairs has the log-sum in its denominator and its own similarity in its
    // numerator. The similarity of a vector with itself, 1 / temperature, is no pair.
    const pair_PN = sum(add(similarity_PNN, onDiagonal(count, -1 / temperature)), [2])
    return sum(mul(sum(sub(mul(logSum_PN, count - 1), pair_PN), [1]), weight_P))
  }
}

/** A matrix [N, N] with one value on its diagonal and zeros elsewhere. */
const onDiagonal = (size: number, value: number): Tensor =>
  constant(
    Float32Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? value : 0)),
    [size, size],
  )

/**
 * The reading `align`: two vectors of one row that share the behavior or the modality attract each other. The same
 * vectors of other rows repel them. Rows that only fill up the batch do neither.
 */
function align(units: readonly Tensor[], modalities: number, temperature: number, weight_P: Tensor): Tensor {
  const filler_1P = reshape(where(greater(weight_P, 0), 0, hiddenScore), [1, -1])
  const losses: Tensor[] = []
  for (const [first, anchor] of units.entries()) {
    for (const [second, other] of units.entries()) {
      const related =
        Math.floor(first / modalities) === Math.floor(second / modalities) || first % modalities === second % modalities
      if (second <= first || !related) continue
      const similarity_PP = matmul(anchor, other, { transposeB: true, scale: 1 / temperature })
      const own_P = mul(sum(mul(anchor, other), [1]), 1 / temperature)
      losses.push(sub(log(sum(exp(add(similarity_PP, filler_1P)), [1])), own_P))
    }
  }
  return losses.length === 0 ? scalar(0) : sum(mul(mul(addAll(losses), 1 / losses.length), weight_P))
}
