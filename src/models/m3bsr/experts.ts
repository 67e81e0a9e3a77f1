/** @file The multi-expert interest extraction layer (section 4.3): Transformers computed where targets read them. */
import { normal } from '../../nn/init.ts'
import { layerNorm, linear } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { multiHeadAttention, transformerBlock } from '../../nn/transformer-block.ts'
import { where } from '../../tensor/compare.ts'
import { add, addAll, gelu, mul } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat, slice, unsqueeze } from '../../tensor/move.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import { softmax } from '../../tensor/normalize.ts'
import { rows } from '../../tensor/rows.ts'
import { dims } from '../../tensor/shape.ts'
import { ages, type Reading, type Visibility } from './visibility.ts'

/** The sizes of the experts. */
export interface ExpertConfig {
  readonly hiddenSize: number
  readonly maxLength: number
  readonly heads: number
  readonly layers: number
  readonly dropout: number
}

/** What is known of each target's user. */
export interface Interests {
  /** h_b^m [P, D], behavior by behavior, each with every modality. */
  readonly specific: readonly Tensor[]
  /** h_common [P, D]; none without the shared expert. */
  readonly common: readonly Tensor[]
}

/** Streams of all modalities [B, L, D] to vectors [P, D]. */
export type Experts = (streams_BLD: readonly Tensor[], sight: Visibility, noise: Noise) => readonly Tensor[]

/** Replaces experts that are left out. */
export const noExperts: Experts = () => []

/** A learned vector for each age of the last event before a target, normal at first; parameter `age`. */
export const ageEmbedding = (width: number, deviation?: number): Tensor =>
  parameter('age', [ages, width], normal(deviation))

/** How {@link placed} begins, and whether its sums are dropped from. */
export interface PlaceConfig extends Pick<ExpertConfig, 'hiddenSize' | 'maxLength' | 'dropout'> {
  readonly deviation?: number
}

/** Adds a learned vector for each place of the window, normal at first; parameter `position`. */
export function placed({ hiddenSize, maxLength, dropout, deviation }: PlaceConfig) {
  const positions = parameter('position', [maxLength, hiddenSize], normal(deviation))
  return (streams_BLD: readonly Tensor[], noise: Noise): readonly Tensor[] => {
    const [, length] = dims(streams_BLD[0] as Tensor, 3)
    const position_LD = slice(positions, 0, 0, length)
    return streams_BLD.map((stream) => noise.dropout(add(stream, position_LD), dropout))
  }
}

/** A bias [B, Lq, Lk] for all heads. */
export const perHead = (bias: Tensor): Tensor => unsqueeze(bias, 1)

/** x where there is any event, else a learned vector: a user without events of a behavior has no last event. */
function orNothing(name: string, width: number): (x_PD: Tensor, any_P1: Tensor) => Tensor {
  const nothing = parameter(name, [width], normal())
  return (x_PD, any_P1) => where(any_P1, x_PD, nothing)
}

/** The inputs of an attention: a query for each place of a window, and the events it attends to. */
interface Attended {
  /** [B, Q, D] */
  readonly query: Tensor
  /** [B, L, D] */
  readonly memory: Tensor
  /** [B, Q, L] */
  readonly bias: Tensor
}

/** The last layer of an expert, a post-norm Transformer block at the places that targets read: [P, D]. */
function lastLayer(name: string, { hiddenSize: width, heads, dropout }: ExpertConfig) {
  const attend = multiHeadAttention(`${name}.attention`, { width, heads, dropout })
  const inner = linear(`${name}.feedForward.inner`, [width, 4 * width], { init: normal() })
  const outer = linear(`${name}.feedForward.outer`, [4 * width, width], { init: normal() })
  const [afterAttention, afterFeedForward] = [layerNorm(`${name}.norm1`, width), layerNorm(`${name}.norm2`, width)]
  return ({ query, memory, bias }: Attended, { atPlaces }: Visibility, noise: Noise): Tensor => {
    const attended = attend({ query, memory, bias: perHead(bias), noise })
    const hidden_PD = afterAttention(atPlaces(add(query, noise.dropout(attended, dropout))))
    return afterFeedForward(add(hidden_PD, noise.dropout(outer(gelu(inner(hidden_PD))), dropout)))
  }
}

/** What the experts read of: K behaviors, and the names of modalities. */
export interface Slots {
  readonly behaviors: number
  readonly modalities: readonly string[]
}

/** One expert: a stream [B, L, D] to a vector [P, D]. */
type Expert = (stream_BLD: Tensor, sight: Visibility, noise: Noise) => Tensor

/** An expert for each slot, behavior by behavior, each with every modality. */
function perSlot({ behaviors, modalities }: Slots, expert: (behavior: number, modality: string) => Expert): Experts {
  const experts = Array.from({ length: behaviors }, (_, behavior) =>
    modalities.map((modality) => expert(behavior, modality)),
  )
  return (streams_BLD, sight, noise) =>
    experts.flatMap((ofBehavior) =>
      ofBehavior.map((read, modality) => read(streams_BLD[modality] as Tensor, sight, noise)),
    )
}

/** The layers of an expert: all but the last over the stream, the last where targets read. */
export function expertLayers(name: string, config: ExpertConfig) {
  const { hiddenSize: width, heads, layers, dropout } = config
  const earlier = Array.from({ length: layers - 1 }, (_, layer) =>
    transformerBlock(`${name}.block${layer}`, { width, heads, dropout }),
  )
  return { earlier, read: lastLayer(`${name}.block${layers - 1}`, config) }
}

/** Whose layers experts share. */
interface Sharing {
  /** Whether experts of one modality have the same layers for every behavior. */
  readonly acrossBehaviors: boolean
}

/**
 * The specific experts (eq. 18-19): h_b^m is a Transformer's output at the behavior's last event before each target. A
 * row of `age_AD` is added to the query. It tells how many events came since: a recent favorite says more than an old
 * one. Parameters `expert.BEHAVIOR.MODALITY.*`, layers that behaviors share `expert.MODALITY.*`.
 */
export function specificExperts(config: ExpertConfig & Sharing, slots: Slots, age_AD: Tensor): Experts {
  const { hiddenSize: width, acrossBehaviors } = config
  const ofModality = new Map(
    slots.modalities.map((modality) => [modality, acrossBehaviors && expertLayers(`expert.${modality}`, config)]),
  )
  return perSlot(slots, (behavior, modality) => {
    const name = `expert.${behavior}.${modality}`
    const { earlier, read } = ofModality.get(modality) || expertLayers(name, config)
    const known = orNothing(`${name}.nothing`, width)
    return (stream_BLD, sight, noise) => {
      const { last_BQL, before_BQL, age_BQ, any_P1 } = sight.reading[behavior] as Reading
      const memory = earlier.reduce((query, block) => block({ query, bias: perHead(sight.own_BLL), noise }), stream_BLD)
      const query = add(matmul(last_BQL, memory), rows(age_AD, age_BQ))
      return known(read({ query, memory, bias: before_BQL }, sight, noise), any_P1)
    }
  })
}

/** Replaces the specific experts by the mean of the behavior's events before each target. */
export const meansOfStreams = ({ hiddenSize: width }: Pick<ExpertConfig, 'hiddenSize'>, slots: Slots): Experts =>
  perSlot(slots, (behavior, modality) => {
    const known = orNothing(`expert.${behavior}.${modality}.nothing`, width)
    return (stream_BLD, { reading, atPlaces }) => {
      const { before_BQL, any_P1 } = reading[behavior] as Reading
      return known(atPlaces(matmul(softmax(before_BQL), stream_BLD)), any_P1)
    }
  })

/**
 * The shared expert (eq. 14-17). The streams of all modalities are concatenated and projected to D, by a projection for
 * each behavior. Auxiliary events attend to target events. A Transformer layer reads the result; its output at the last
 * auxiliary event is h_common.
 */
export function sharedExpert(config: ExpertConfig, { behaviors, modalities }: Slots, age_AD: Tensor): Experts {
  const { hiddenSize: width, heads, dropout } = config
  const name = 'expert.shared'
  const projections = Array.from({ length: behaviors }, (_, behavior) =>
    linear(`${name}.behavior${behavior}`, [modalities.length * width, width]),
  )
  const cross = multiHeadAttention(`${name}.cross`, { width, heads, dropout })
  const read = lastLayer(name, config)
  const known = orNothing(`${name}.nothing`, width)
  return (streams_BLD, sight, noise) => {
    const { last_BQL, before_BQL, age_BQ, any_P1 } = sight.sharedReading
    const joined = concat(streams_BLD, 2)
    const events_BLD = addAll(
      projections.map((project, behavior) => mul(project(joined), sight.behavior_BL1[behavior] as Tensor)),
    )
    const memory = cross({ query: events_BLD, bias: perHead(sight.shared_BLL), noise })
    // The query attends again, to all target events before the target: some may be later than the query's own event.
    const found = cross({
      query: matmul(last_BQL, events_BLD),
      memory: events_BLD,
      bias: perHead(sight.sharedMemory_BQL),
      noise,
    })
    const query = add(found, rows(age_AD, age_BQ))
    return [known(read({ query, memory, bias: before_BQL }, sight, noise), any_P1)]
  }
}
