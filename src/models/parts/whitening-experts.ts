/**
 * @file Frozen vectors through a small mixture of linear experts with noisy gates: UniSRec's adaptor. Each expert takes
 * a learned center off before it projects, which is the paper's parametric whitening.
 */
import { normal, zeros } from '../../nn/init.ts'
import type { Noise } from '../../nn/noise.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import type { FrozenVectors } from './projected-vectors.ts'

/** How vectors are adapted. */
export interface ExpertOptions {
  /** K */
  readonly experts: number
  /** D, the width they are projected to. */
  readonly width: number
  /** Dropped of a vector before the experts read it; the gates read it whole. */
  readonly dropout: number
  /** Whether experts have centers, m_k. */
  readonly centered: boolean
  /** Whether gates are noisy while training. */
  readonly noisy: boolean
}

/** ids of any shape [..] -> [.., D], or all items [V + 1, D] where no ids are given. */
export type Adaptor = (noise: Noise, ids?: Tensor) => Tensor

/** The least deviation of the noise of a gate. */
const leastNoise = 0.01

/**
 * sum_k softmax_k(a G + n (softplus(a S) + 0.01)) (drop(a) - m_k) W_k, n standard normal, in training alone; a learned
 * vector is added where an item has none. One mask is dropped for all experts. Parameters `NAME.experts.weight` [K, W,
 * D], `NAME.experts.center` [K, W], `NAME.gate` and `NAME.gate.noise` [W, K], `NAME.missing` [1, D].
 */
export function whiteningExperts(
  name: string,
  { vectors, present }: FrozenVectors,
  { experts, width, dropout, centered, noisy }: ExpertOptions,
): Adaptor {
  const from = vectors.shape[1] as number
  const weight_KWD = parameter(`${name}.experts.weight`, [experts, from, width], normal())
  const center_KW = parameter(`${name}.experts.center`, [experts, from], zeros)
  const gate_WK = parameter(`${name}.gate`, [from, experts], zeros)
  const spread_WK = parameter(`${name}.gate.noise`, [from, experts], zeros)
  const missing = parameter(`${name}.missing`, [1, width], normal())
  // One product for all experts, and what the centers come to is taken off behind it.
  const weight_WU = weight_KWD.transpose([1, 0, 2]).reshape([from, experts * width])
  const ofCenters_U = center_KW
    .reshape([experts, 1, from])
    .matmul(weight_KWD)
    .reshape([experts * width])

  const gatesOf = (vectors_NW: Tensor, noise: Noise): Tensor => {
    const logits_NK = vectors_NW.matmul(gate_WK)
    const normals = noisy ? noise.normal(logits_NK.shape) : undefined
    if (!normals) return logits_NK.softmax()
    return logits_NK.add(normals.mul(vectors_NW.matmul(spread_WK).softplus().add(leastNoise))).softmax()
  }
  return (noise, ids) => {
    const vectors_NW = ids ? vectors.rows(ids.reshape([-1])) : vectors
    const projected_NU = noise.dropout(vectors_NW, dropout).matmul(weight_WU)
    const each_NU = centered ? projected_NU.sub(ofCenters_U) : projected_NU
    const each_NKD = each_NU.reshape([-1, experts, width])
    // The gate of a single expert is 1.
    const mixed_ND =
      experts === 1 ? each_NKD.reshape([-1, width]) : each_NKD.mul(gatesOf(vectors_NW, noise).unsqueeze(-1)).sum([1])
    const has = ids ? present.rows(ids.reshape([-1])) : present
    const whole_ND = mixed_ND.add(has.mul(-1).add(1).unsqueeze(-1).mul(missing))
    return ids ? whole_ND.reshape([...ids.shape, width]) : whole_ND
  }
}
