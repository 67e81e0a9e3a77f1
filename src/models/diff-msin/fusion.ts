/** @file Feature dynamic adaptive fusion of Diff-MSIN (section 3.5): gates by the candidate, a cross layer, and attention led by the id. */
import { normal, zeros } from '../../nn/init.ts'
import { linear } from '../../nn/linear.ts'
import { noNoise } from '../../nn/noise.ts'
import { multiHeadAttention } from '../../nn/transformer-block.ts'
import { add, addAll, mul, sigmoid } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat, reshape, slice } from '../../tensor/move.ts'
import { constant, parameter, type Tensor } from '../../tensor/node.ts'

/** How the module is built. */
export interface FusionConfig {
  readonly expertSize: number
  readonly heads: number
  /** Whether E_id is added to what the attention found, or the attention's output stands alone as printed. */
  readonly fusion: 'residual' | 'printed'
}

/** E_att [B, d_e], and the gates [B, P] of eq. 14. */
export interface Fused {
  readonly fused: Tensor
  readonly gates: Tensor
}

/** Eq. 14-17 over `parts` vectors; parameters `fusion.gates.*`, `fusion.cross.{weight,bias}` and `fusion.attention.*`. */
export function dynamicFusion(parts: number, targetWidth: number, { expertSize: width, heads, fusion }: FusionConfig) {
  const toGates = linear('fusion.gates', [targetWidth, parts])
  const crossWeight = parameter('fusion.cross.weight', [parts * width, 1], normal())
  const crossBias = parameter('fusion.cross.bias', [parts * width], zeros)
  const attend = multiHeadAttention('fusion.attention', { width, heads, dropout: 0 })
  const open = constant(new Float32Array(1), [1, 1, 1, 1])
  /** @param id E^id [B, d_e]; @param target the candidate's id embedding [B, ..]; @param given P vectors [B, d_e] */
  return (id: Tensor, target: Tensor, given: readonly Tensor[]): Fused => {
    const [rows] = id.shape as [number, number]
    const gates = sigmoid(toGates(target))
    const gated = concat(
      given.map((part, at) => mul(part, slice(gates, 1, at, at + 1))),
      1,
    )
    const crossed = addAll([mul(gated, matmul(gated, crossWeight)), add(gated, crossBias)])
    const found = attend({
      query: reshape(id, [rows, 1, width]),
      memory: reshape(crossed, [rows, parts, width]),
      bias: open,
      noise: noNoise,
    })
    const flat = reshape(found, [rows, width])
    return { fused: fusion === 'residual' ? add(id, flat) : flat, gates }
  }
}
