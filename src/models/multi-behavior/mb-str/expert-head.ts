/** @file What a user's vector is made of at a mask: shared experts and one of the asked behavior, weighed by a gate. */
import { normal, uniform } from '../../../nn/init.ts'
import { layerNorm } from '../../../nn/linear.ts'
import { concat, slice } from '../../../tensor/move.ts'
import { parameter, type Tensor } from '../../../tensor/node.ts'
import { picked } from './behavior-layers.ts'

/** The sizes of a head. */
interface ExpertHeadConfig {
  readonly width: number
  /** K */
  readonly kinds: number
  readonly sharedExperts: number
}

/**
 * x [P, D], behaviors [P, K] -> x + LN(sum_e g_e (x W_e + b_e)), [P, D], over the shared experts and that of the
 * behavior, g the softmax of x G, G the behavior's; parameters `NAME.expert.{weight,bias}`, `NAME.gate` and
 * `NAME.norm.*`. An expert has no activation.
 */
export function expertHead(name: string, { width, kinds, sharedExperts }: ExpertHeadConfig) {
  const experts = sharedExperts + kinds
  const init = uniform(1 / Math.sqrt(width))
  const weight = parameter(`${name}.expert.weight`, [width, experts * width], init)
  const bias = parameter(`${name}.expert.bias`, [experts, width], init)
  const gate = parameter(`${name}.gate`, [width, kinds * (sharedExperts + 1)], normal(1))
  const norm = layerNorm(`${name}.norm`, width)
  return (x_PD: Tensor, behavior_PK: Tensor): Tensor => {
    const gates = picked(x_PD.matmul(gate), behavior_PK).softmax()
    const own = slice(gates, 1, sharedExperts, sharedExperts + 1).mul(behavior_PK)
    /** The weight of each expert, 0 of those of other behaviors. */
    const weights_PE = concat([slice(gates, 1, 0, sharedExperts), own], 1)
    return x_PD.add(norm(picked(x_PD.matmul(weight), weights_PE).add(weights_PE.matmul(bias))))
  }
}
