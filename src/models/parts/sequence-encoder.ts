/**
 * @file The Transformer that SASRec and its relatives read a history with: item vectors and learned positions, then
 * post-norm blocks.
 */
import type { Sequences } from '../../batches/sequences.ts'
import { normal } from '../../nn/init.ts'
import { type Layer, layerNorm } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { type Block, transformerBlock } from '../../nn/transformer-block.ts'
import { add } from '../../tensor/elementwise.ts'
import { reshape, slice } from '../../tensor/move.ts'
import { type Parameter, parameter, type Tensor } from '../../tensor/node.ts'
import { causalBias, lastBias } from './attention-bias.ts'

/** The sizes of an encoder. */
export interface EncoderConfig {
  readonly hiddenSize: number
  /** L at most. */
  readonly maxLength: number
  readonly layers: number
  readonly heads: number
  readonly dropout: number
  /** Shorter histories have the last of the positions, not the first. */
  readonly fromEnd?: boolean
  /** Of the feed-forward layers; GELU by default. */
  readonly activation?: 'gelu' | 'relu'
}

/** What stands before an encoder's blocks. Several encoders may share it. */
export interface EncoderEntry {
  /** [L, D]; absent where what is read has them already. */
  readonly positions?: Parameter
  readonly norm: Layer
}

/**
 * Positions and the normalization of the sum; parameters `position` and `norm.*`, after `PREFIX.` where one is given.
 */
export function encoderEntry({ maxLength, hiddenSize }: EncoderConfig, prefix = ''): EncoderEntry {
  return {
    positions: parameter(`${prefix}position`, [maxLength, hiddenSize], normal()),
    norm: layerNorm(`${prefix}norm`, hiddenSize),
  }
}

/** A Transformer over vectors of a history, [B, L, D]. */
export interface SequenceEncoder {
  /** Every position, [B, L, D]; the bias is added to attention's scores and broadcast to [B, H, L, L]. */
  whole(x_BLD: Tensor, bias: Tensor, noise: Noise): Tensor
  /** One position a history, [B, D]: the last block computes that query alone. */
  single(x_BLD: Tensor, reading: SingleReading): Tensor
  /**
   * What each target of a batch sees of its history, [P, D]: causal attention, read at the last event before the
   * target.
   */
  atTargets(x_BLD: Tensor, batch: Pick<Sequences, 'atLast' | 'last_B' | 'length'>, noise: Noise): Tensor
}

/** How one position a history is read. */
interface SingleReading {
  /** Who sees whom before the last block, as for `whole`. */
  readonly bias: Tensor
  /** Whom the one position sees, broadcast to [B, H, 1, L]. */
  readonly queryBias: Tensor
  /** Takes its row of each history, [B, L, D] -> [B, D]. */
  readonly pick: (x_BLD: Tensor) => Tensor
  readonly noise: Noise
}

/** An encoder; parameters `PREFIX.blockN.*`, and those of its entry. */
export function sequenceEncoder(
  config: EncoderConfig,
  prefix = '',
  { positions, norm }: EncoderEntry = encoderEntry(config, prefix),
): SequenceEncoder {
  const { hiddenSize, maxLength, layers, heads, dropout, fromEnd = false, activation = 'gelu' } = config
  const blocks = Array.from({ length: layers }, (_, layer) =>
    transformerBlock(`${prefix}block${layer}`, { width: hiddenSize, heads, dropout, activation }),
  )
  const begin = (x_BLD: Tensor, noise: Noise): Tensor => {
    const length = x_BLD.shape[1] as number
    const first = fromEnd ? maxLength - length : 0
    const placed_BLD = positions ? add(x_BLD, slice(positions, 0, first, first + length)) : x_BLD
    return noise.dropout(norm(placed_BLD), dropout)
  }
  const through = (some: readonly Block[], hidden_BLD: Tensor, bias: Tensor, noise: Noise): Tensor =>
    some.reduce((query, block) => block({ query, bias, noise }), hidden_BLD)

  const encoder: SequenceEncoder = {
    whole: (x_BLD, bias, noise) => through(blocks, begin(x_BLD, noise), bias, noise),
    single(x_BLD, { bias, queryBias, pick, noise }) {
      const memory = through(blocks.slice(0, -1), begin(x_BLD, noise), bias, noise)
      const query = reshape(pick(memory), [-1, 1, hiddenSize])
      return reshape((blocks.at(-1) as Block)({ query, memory, bias: queryBias, noise }), [-1, hiddenSize])
    },
    atTargets(x_BLD, { atLast, last_B, length }, noise) {
      // Histories start at position 0, so causality alone keeps the padding behind them out of sight.
      const bias = causalBias(length)
      if (!last_B) return atLast(encoder.whole(x_BLD, bias, noise))
      return encoder.single(x_BLD, { bias, queryBias: lastBias(last_B, length), pick: atLast, noise })
    },
  }
  return encoder
}
