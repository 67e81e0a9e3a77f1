/** @file Interest disentanglement, eq. 20, in the three readings of R-M11. */
import { add, addAll, div, exp, greater, log, mul, sqrt, sub, where } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat, reshape } from '../../tensor/move.ts'
import { constant, type Tensor } from '../../tensor/node.ts'
import { sum, sumSquares } from '../../tensor/reduce.ts'

/** What {@link disentanglement} compares. */
export interface DisentanglementParts {
  readonly reading: 'separate' | 'literal' | 'align'
  readonly temperature: number
  /** The specific vectors h_b^m [M, D], behavior by behavior. */
  readonly specific: readonly Tensor[]
  /** h_common [M, D]. */
  readonly common: Tensor | undefined
  readonly modalities: number
  /** [M]: weight of each row; adds up to 1. */
  readonly weights: Tensor
}

/** What makes a vector no candidate of a contrast. */
const excluded = -1e9

/** The loss, a scalar: the weighted mean over rows. */
export function disentanglement({
  reading,
  temperature,
  specific,
  common,
  modalities,
  weights,
}: DisentanglementParts): Tensor {
  const unit = (x: Tensor): Tensor => div(x, sqrt(add(reshape(sumSquares(x), [...x.shape.slice(0, -1), 1]), 1e-12)))
  if (reading === 'align') return align(specific.map(unit), modalities, temperature, weights)
  const all = common ? [...specific, common] : specific
  const [rows, width] = common?.shape ?? (specific[0] as Tensor).shape
  const count = all.length
  const joined = unit(reshape(concat(all, 1), [rows as number, count, width as number]))
  const similarities = matmul(joined, joined, { transposeB: true, scale: 1 / temperature })
  const self = constant(
    Float32Array.from({ length: count * count }, (_, at) => (at % (count + 1) === 0 ? excluded : 0)),
    [count, count],
  )
  const logSums = log(sum(exp(add(similarities, self)), [2]))
  // Printed: each of the count - 1 pairs of a vector has its whole log-sum below and its own similarity above.
  const perVector =
    reading === 'separate'
      ? mul(logSums, 1 / count)
      : sub(mul(logSums, count - 1), sum(add(similarities, ownPair(count, temperature)), [2]))
  return sum(mul(sum(perVector, [1]), weights))
}

/** Minus the similarity of a vector with itself, 1 / temperature, which is no pair. */
function ownPair(count: number, temperature: number): Tensor {
  const values = Float32Array.from({ length: count * count }, (_, at) =>
    at % (count + 1) === 0 ? -1 / temperature : 0,
  )
  return constant(values, [count, count])
}

/** Two vectors of one row that share the behavior or the modality attract; the same vectors of other rows repel. */
function align(units: readonly Tensor[], modalities: number, temperature: number, weights: Tensor): Tensor {
  const padding = reshape(where(greater(weights, 0), 0, excluded), [1, -1])
  const losses: Tensor[] = []
  for (const [first, anchor] of units.entries()) {
    for (const [second, other] of units.entries()) {
      const related =
        Math.floor(first / modalities) === Math.floor(second / modalities) || first % modalities === second % modalities
      if (second <= first || !related) continue
      const similarities = matmul(anchor, other, { transposeB: true, scale: 1 / temperature })
      const own = mul(sum(mul(anchor, other), [1]), 1 / temperature)
      losses.push(sub(log(sum(exp(add(similarities, padding)), [1])), own))
    }
  }
  return losses.length === 0 ? sum(mul(weights, 0)) : sum(mul(mul(addAll(losses), 1 / losses.length), weights))
}
