/**
 * @file Feature dynamic adaptive fusion of Diff-MSIN (section 3.5): gates by the candidate, a cross layer, and
 * attention led by the id.
 */
import { normal, zeros } from '../../nn/init.ts'
import { linear } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { multiHeadAttention } from '../../nn/transformer-block.ts'
import { add, addAll, mul } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import { constant, parameter, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import type { DiffMsinConfig } from './config.ts'
import { type Vectors, vectorOf } from './vectors.ts'

/** What the fusion makes of the vectors. */
export interface Fused {
  /** [B, width] */
  readonly fused: Tensor
  /** What explains it. */
  readonly reasons: Readonly<Record<string, Tensor>>
}

/** The fusion, or what stands in for it. */
export interface Fusion {
  /** Width of what it makes. */
  readonly width: number
  /** The parts that it has gates for, in their order. */
  readonly gates?: readonly string[]
  /** @param target the candidate's id embedding [B, D]; @param vectors [B, d_e] each, the id's among them */
  fuse(target: Tensor, vectors: Vectors, noise: Noise): Fused
}

/** Stands in for a fusion that is left out: the id and the parts side by side. */
export const sideBySide = (parts: readonly string[], expertSize: number): Fusion => ({
  width: (1 + parts.length) * expertSize,
  fuse: (_, vectors) => ({
    fused: concat(
      ['id', ...parts].map((name) => vectorOf(vectors, name)),
      1,
    ),
    reasons: {},
  }),
})

/** Eq. 14-17 over some parts; parameters `fusion.gates.*`, `fusion.cross.{weight,bias}` and `fusion.attention.*`. */
export function dynamicFusion(
  parts: readonly string[],
  targetWidth: number,
  { expertSize: width, fusionHeads: heads, fusion }: Pick<DiffMsinConfig, 'expertSize' | 'fusionHeads' | 'fusion'>,
): Fusion {
  const count = parts.length
  const toGates = linear('fusion.gates', [targetWidth, count])
  const crossWeight = parameter('fusion.cross.weight', [count * width, 1], normal())
  const crossBias = parameter('fusion.cross.bias', [count * width], zeros)
  const attend = multiHeadAttention('fusion.attention', { width, heads, dropout: 0 })
  const allSeen = constant(new Float32Array(1), [1, 1, 1, 1])
  return {
    width,
    gates: parts,
    fuse(target, vectors, noise) {
      const id = vectorOf(vectors, 'id')
      const [rows] = dims(id, 2)
      const gates = toGates(target).sigmoid()
      const gated = concat(
        parts.map((part, at) => vectorOf(vectors, part).mul(gates.slice(1, at, at + 1))),
        1,
      )
      const crossed = addAll([mul(gated, gated.matmul(crossWeight)), add(gated, crossBias)])
      const memory = crossed.reshape([rows, count, width])
      const found = noise.training
        ? attend({ query: id.unsqueeze(1), memory, bias: allSeen, noise }).reshape([rows, width])
        : attend.one({ query: id, memory })
      return { fused: fusion === 'residual' ? add(id, found) : found, reasons: { gates } }
    },
  }
}
