/** @file A contrast of vectors with those made for the same items another way, among the nearest of them. */
import type { Tensor } from '../../../tensor/node.ts'
import { maskBias } from '../../parts/attention-bias.ts'

/** What is contrasted. */
export interface ContrastParts {
  /** [V + 1, C] */
  readonly table: Tensor
  /** [V + 1, C]: the vector that each item's should be near. */
  readonly made: Tensor
  /** [V + 1]: 1 where an item has both. */
  readonly present: Tensor
  /** [P] int64: the items whose vectors are contrasted, and their weights [P]. */
  readonly anchors: Tensor
  readonly weights: Tensor
  /** Items compared with each: those whose made vectors are nearest. */
  readonly count: number
}

/** The weighted mean over anchors of log10 of the sum of the largest exp(a_v . made_w) over exp(a_v . made_v). */
export function nearestContrast({ table, made, present, anchors, weights, count }: ContrastParts): Tensor {
  const anchor_PC = table.rows(anchors)
  const hidden_V = maskBias(present)
  const logits_PV = anchor_PC.matmul(made, { transposeB: true }).add(hidden_V)
  const most = Math.min(count, (made.shape[0] as number) - 1)
  const nearest_P = logits_PV.topK(most).values.logSumExp([1])
  const own_P = anchor_PC.mul(made.rows(anchors)).sum([1])
  const counted_P = weights.mul(present.rows(anchors))
  return nearest_P.sub(own_P).mul(counted_P).sum().div(counted_P.sum().add(1e-9)).div(Math.LN10)
}
