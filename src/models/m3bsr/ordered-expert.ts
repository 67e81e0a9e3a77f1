/** @file The shared expert of the joint reading (R-M9): events of all behaviors and modalities, in their order. */
import { normal } from '../../nn/init.ts'
import { layerNorm } from '../../nn/linear.ts'
import { multiHeadAttention } from '../../nn/transformer-block.ts'
import { where } from '../../tensor/compare.ts'
import { addAll } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat } from '../../tensor/move.ts'
import { parameter } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { causalBias } from '../parts/attention-bias.ts'
import { type ExpertConfig, type Experts, expertLayers, perHead } from './experts.ts'

/** The sizes of the expert. */
export interface OrderedExpertConfig extends Omit<ExpertConfig, 'layers'> {
  readonly sharedLayers: number
  /** K */
  readonly behaviors: number
  /** Of the behaviors' vectors at first. */
  readonly deviation: number
}

/**
 * e is the sum of an event's modalities (eq. 14, 15). x = LN(e + its behavior's vector + what cross-attention finds
 * among the target events before it, eq. 16). h_common is the output of causal Transformer blocks over x at the last
 * event before each target (eq. 17). Parameters `expert.shared.*`.
 */
export function orderedExpert(config: OrderedExpertConfig): Experts {
  const { hiddenSize: width, heads, dropout, behaviors, deviation, sharedLayers } = config
  const name = 'expert.shared'
  const behaviorRows = parameter(`${name}.behavior`, [behaviors, width], normal(deviation))
  const cross = multiHeadAttention(`${name}.cross`, { width, heads, dropout })
  const norm = layerNorm(`${name}.norm`, width)
  const { earlier, read } = expertLayers(name, { ...config, layers: sharedLayers })
  return (streams_BLD, sight, noise) => {
    const events_BLD = addAll(streams_BLD)
    const [, length] = dims(events_BLD, 3)
    const found_BLD = noise.dropout(cross({ query: events_BLD, bias: perHead(sight.shared_BLL), noise }), dropout)
    const behavior_BLD = matmul(concat(sight.behavior_BL1, 2), behaviorRows)
    const begin_BLD = noise.dropout(norm(addAll([events_BLD, behavior_BLD, found_BLD])), dropout)
    // Histories start at place 0, so causality alone keeps the padding behind them out of sight.
    const memory = earlier.reduce((query, block) => block({ query, bias: causalBias(length), noise }), begin_BLD)
    const { last_BQL, before_BQL, any_P1 } = sight.anyReading
    const common_PD = read({ query: matmul(last_BQL, memory), memory, bias: before_BQL }, sight, noise)
    // Every target of training has an event before it, so a learned vector in place of the zeros would stay unlearned.
    return [where(any_P1, common_PD, 0)]
  }
}
