/** @file The multi-expert interest extraction layer (section 4.3): Transformers read where the targets read, and nowhere else. */
import { normal } from '../../nn/init.ts'
import { layerNorm, linear } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { multiHeadAttention, transformerBlock } from '../../nn/transformer-block.ts'
import { add, addAll, gelu, greater, mul, where } from '../../tensor/elementwise.ts'
import { gather } from '../../tensor/gather.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat, reshape, slice } from '../../tensor/move.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import { softmax } from '../../tensor/normalize.ts'
import type { GraphInputs } from './inputs.ts'

/** The sizes of an expert. */
export interface ExpertConfig {
  readonly width: number
  readonly heads: number
  readonly layers: number
  readonly dropout: number
}

/** How activations at the places of targets become one row a target. */
export interface Reading {
  /** [B, Q, D] -> [M, D] */
  readonly compact: (x: Tensor) => Tensor
  /** [B * Q] -> [M, 1] */
  readonly flags: (x: Tensor) => Tensor
  readonly noise: Noise
}

const perHead = (bias: Tensor): Tensor => reshape(bias, [bias.shape[0] as number, 1, ...bias.shape.slice(1)])

/** x where the flag is 1, else the learned vector: a user without events of a behavior has no last one. */
function orNothing(name: string, width: number): (x: Tensor, flags: Tensor) => Tensor {
  const nothing = parameter(name, [width], normal())
  return (x, flags) => where(greater(flags, 0.5), x, nothing)
}

/** The last layer of an expert, a post-norm Transformer block at the places that targets read. */
function lastLayer(name: string, { width, heads, dropout }: ExpertConfig) {
  const attend = multiHeadAttention(`${name}.attention`, { width, heads, dropout })
  const inner = linear(`${name}.feedForward.inner`, [width, 4 * width], { init: normal() })
  const outer = linear(`${name}.feedForward.outer`, [4 * width, width], { init: normal() })
  const [afterAttention, afterFeedForward] = [layerNorm(`${name}.norm1`, width), layerNorm(`${name}.norm2`, width)]
  return (query: Tensor, memory: Tensor, bias: Tensor, { compact, noise }: Reading): Tensor => {
    const attended = attend({ query, memory, bias: perHead(bias), noise })
    const hidden = afterAttention(compact(add(query, noise.dropout(attended, dropout))))
    return afterFeedForward(add(hidden, noise.dropout(outer(gelu(inner(hidden))), dropout)))
  }
}

/**
 * A specific expert (eq. 18-19): a stream [B, L, D] -> h_b^m [M, D], the output at the behavior's last event before each target. The
 * row of `age` [A, D] that is added to what it reads there tells how many events came since: a favorite just made says more than one of long ago.
 */
export function specificExpert(name: string, config: ExpertConfig, behavior: number, age: Tensor) {
  const { width, heads, layers, dropout } = config
  const earlier = Array.from({ length: layers - 1 }, (_, layer) =>
    transformerBlock(`${name}.block${layer}`, { width, heads, dropout }),
  )
  const read = lastLayer(`${name}.block${layers - 1}`, config)
  const known = orNothing(`${name}.nothing`, width)
  return (stream: Tensor, inputs: GraphInputs, reading: Reading): Tensor => {
    const memory = earlier.reduce(
      (query, block) => block({ query, bias: perHead(inputs.own), noise: reading.noise }),
      stream,
    )
    const query = add(matmul(inputs.last[behavior] as Tensor, memory), gather(age, inputs.age[behavior] as Tensor))
    return known(
      read(query, memory, inputs.read[behavior] as Tensor, reading),
      reading.flags(inputs.seen[behavior] as Tensor),
    )
  }
}

/** What stands for a specific expert when there are none: the mean of the behavior's events before each target, [M, D]. */
export function meanOfStream(name: string, width: number, behavior: number) {
  const known = orNothing(`${name}.nothing`, width)
  return (stream: Tensor, { read, seen }: GraphInputs, { compact, flags }: Reading): Tensor =>
    known(compact(matmul(softmax(read[behavior] as Tensor), stream)), flags(seen[behavior] as Tensor))
}

/**
 * The shared expert (eq. 14-17): streams of all modalities side by side, brought to D by a projection for each behavior; auxiliary
 * events attend to target events, and a Transformer layer over what they found is read at the last of them: h_common [M, D].
 */
export function sharedExpert(
  name: string,
  config: ExpertConfig,
  { behaviors, modalities, age }: { behaviors: number; modalities: number; age: Tensor },
) {
  const { width, heads, dropout } = config
  const projections = Array.from({ length: behaviors }, (_, behavior) =>
    linear(`${name}.behavior${behavior}`, [modalities * width, width]),
  )
  const cross = multiHeadAttention(`${name}.cross`, { width, heads, dropout })
  const read = lastLayer(name, config)
  const known = orNothing(`${name}.nothing`, width)
  return (streams: readonly Tensor[], inputs: GraphInputs, reading: Reading): Tensor => {
    const { noise } = reading
    const joined = concat(streams, 2)
    const events = addAll(
      projections.map((project, behavior) => mul(project(joined), slice(inputs.flags, 2, behavior, behavior + 1))),
    )
    const memory = cross({ query: events, bias: perHead(inputs.shared), noise })
    // The event a target reads looks again, at all that came before the target: there may be later target events than itself.
    const found = cross({
      query: matmul(inputs.commonLast, events),
      memory: events,
      bias: perHead(inputs.commonCross),
      noise,
    })
    const query = add(found, gather(age, inputs.commonAge))
    return known(read(query, memory, inputs.commonRead, reading), reading.flags(inputs.commonSeen))
  }
}
