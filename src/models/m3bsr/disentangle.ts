/** @file Interest disentanglement, eq. 20, in the three readings of R-M11. */
import { hiddenScore } from '../../tensor/attention.ts'
import { and, equal, greater, not, where } from '../../tensor/compare.ts'
import { add, addAll, div, exp, log, mul, sub } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { cast, concat, reshape, unsqueeze } from '../../tensor/move.ts'
import { constant, scalar, type Tensor } from '../../tensor/node.ts'
import { l2Normalize, sum } from '../../tensor/reduce.ts'
import { dims } from '../../tensor/shape.ts'
import type { Interests } from './experts.ts'

/** How {@link disentanglement} compares vectors. */
export interface DisentanglementConfig {
  readonly reading: 'separate' | 'literal' | 'align'
  readonly temperature: number
}

/** What is compared: the interests of users, or the events of a batch. */
export interface Compared {
  readonly interests: Interests
  /** [P], sums to 1. */
  readonly weight_P: Tensor
  /** [B, L, D] for each modality, denoised. */
  readonly streams_BLD: readonly Tensor[]
  /** [B, L] int64; 0 where there is no event. */
  readonly item_BL: Tensor
  readonly behavior_BL: Tensor
}

/** The contrast, a scalar. */
export type Contrast = (compared: Compared) => Tensor

/** Replaces the contrast when it is left out. */
export const noContrast: Contrast = () => scalar(0)

/** The contrast in one of its readings. */
export function disentanglement({ reading, temperature }: DisentanglementConfig): Contrast {
  if (reading === 'align') return (compared) => align(compared, temperature)
  return ({ interests: { specific, common }, weight_P }) => {
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
 * The reading `align`: two modalities of one event attract each other, and so do two events of one user, of one item
 * and of different behaviors. Events of other items in the batch repel them. The loss is the mean over kinds of pairs
 * of the mean over pairs of the kind.
 */
function align({ streams_BLD, item_BL, behavior_BL }: Compared, temperature: number): Tensor {
  const [rows, length, width] = dims(streams_BLD[0] as Tensor, 3)
  const item_N = reshape(item_BL, [rows * length])
  const isEvent_N = greater(item_N, 0)
  const isOther_NN = not(equal(unsqueeze(item_N, 1), unsqueeze(item_N, 0)))
  const repels_NN = where(and(unsqueeze(isEvent_N, 0), isOther_NN), 0, hiddenScore)
  const units_BLD = streams_BLD.map((stream) => l2Normalize(stream))
  const units_ND = units_BLD.map((units) => reshape(units, [rows * length, width]))
  const similar = (a: Tensor, b: Tensor): Tensor => matmul(a, b, { transposeB: true, scale: 1 / temperature })
  /** The sum of the similarities of each event to those of other items [N]. */
  const repelled = (a: Tensor, b: Tensor): Tensor => sum(exp(add(similar(a, b), repels_NN)), [1])
  const lossOf = (own: Tensor, others: Tensor): Tensor => sub(log(add(exp(own), others)), own)
  const meanOver = (losses: Tensor, which: Tensor): Tensor => {
    const count = sum(which)
    return div(sum(mul(losses, which)), where(greater(count, 1), count, 1))
  }

  const betweenModalities = units_ND.flatMap((anchor, first) =>
    units_ND.slice(first + 1).map((other) => {
      const own_N = mul(sum(mul(anchor, other), [1]), 1 / temperature)
      return meanOver(lossOf(own_N, repelled(anchor, other)), cast(isEvent_N, 'float32'))
    }),
  )
  const sameItem_BLL = equal(unsqueeze(item_BL, 2), unsqueeze(item_BL, 1))
  const [of_BL1, to_B1L] = [unsqueeze(behavior_BL, 2), unsqueeze(behavior_BL, 1)]
  const isPair_BLL = cast(and(sameItem_BLL, and(greater(of_BL1, 0), greater(to_B1L, of_BL1))), 'float32')
  const betweenBehaviors = units_BLD.map((units, modality) => {
    const flat = units_ND[modality] as Tensor
    const others_BL1 = reshape(repelled(flat, flat), [rows, length, 1])
    return meanOver(lossOf(similar(units, units), others_BL1), isPair_BLL)
  })
  const losses = [...betweenModalities, ...betweenBehaviors]
  return mul(addAll(losses), 1 / losses.length)
}
