/** @file The streams of SGP4SR: a causal Transformer over a history (eq. 5-7), read at the places of targets. */
import { type Layer, layerNorm } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { attentionProjections, type Block, type Projections, transformerBlock } from '../../nn/transformer-block.ts'
import { hiddenScore } from '../../tensor/attention.ts'
import { integers, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { causalBias } from '../parts/attention-bias.ts'
import type { Sgp4srConfig } from './config.ts'

/** Where targets read a window: Q places in each. */
export interface Places {
  /** 1 at the position of a place, else 0: [B, Q, L]. */
  readonly at_BQL: Tensor
  /** Added to the scores of keys: 0 up to the position, {@link hiddenScore} after it, [B, Q, L]. */
  readonly hidden_BQL: Tensor
}

/**
 * The places that see so many events [B, Q]: the last of them is where a place reads. One that sees none reads position
 * 0.
 */
export function readPlaces(seen_BQ: Tensor, length: number): Places {
  const seen_BQ1 = seen_BQ.unsqueeze(2)
  /** How many events a place must see to see a position; the first position is always seen. */
  const needed = integers(Array.from({ length }, (_, at) => (at === 0 ? 0 : at + 1)))
  const first = integers(Array.from({ length }, (_, at) => (at === 0 ? 1 : -1)))
  return {
    at_BQL: seen_BQ1.equal(needed).or(seen_BQ1.equal(first)).cast('float32'),
    hidden_BQL: needed.greater(seen_BQ1).cast('float32').mul(hiddenScore),
  }
}

/** What a Transformer makes of a stream. */
export interface Encoded {
  /** E_u^{l-1} [B, L, D] for each layer l: what its attention reads. */
  readonly memories: readonly Tensor[]
  /** E_u [B, Q, D]: the last layer at the places alone. */
  readonly state_BQD: Tensor
}
/** A stream's Transformer. */
export interface StreamEncoder {
  readonly projections: readonly Projections[]
  /** The layer normalization of its input. */
  readonly norm: Layer
  encode(rows_BLD: Tensor, places: Places, noise: Noise): Encoded
}

/** (5-7); parameters `NAME.norm.*` and `NAME.block*`. All streams share the positions [L, D]. */
export function streamEncoder(name: string, config: Sgp4srConfig, positions: Tensor): StreamEncoder {
  const { hiddenSize: width, layers, heads, dropout, inputScale } = config
  const scaled: Layer = inputScale === 'root' ? (x) => x.mul(Math.sqrt(width)) : (x) => x
  const norm = layerNorm(`${name}.norm`, width)
  const names = Array.from({ length: layers }, (_, layer) => `${name}.block${layer}`)
  const projections = names.map((block) => attentionProjections(`${block}.attention`, width))
  const blocks = names.map((block, layer) => transformerBlock(block, { width, heads, dropout }, projections[layer]))
  const last = blocks.at(-1) as Block
  return {
    projections,
    norm,
    encode(rows_BLD, { at_BQL, hidden_BQL }, noise) {
      const [, length] = dims(rows_BLD, 3)
      const bias = causalBias(length)
      let memory = noise.dropout(norm(scaled(rows_BLD).add(positions.slice(0, 0, length))), dropout)
      const memories = [memory]
      for (const block of blocks.slice(0, -1)) {
        memory = block({ query: memory, bias, noise })
        memories.push(memory)
      }
      const query = at_BQL.matmul(memory)
      return { memories, state_BQD: last({ query, memory, bias: hidden_BQL.unsqueeze(1), noise }) }
    },
  }
}
