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
import { rows } from '../../tensor/rows.ts'
import { causalBias, lastBias } from './attention-bias.ts'
import { placesFromEnd } from './places-from-end.ts'

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
  /** In `atTargets`: a history's first event has the first position (the default), or its last event the last one. */
  readonly positions?: 'start' | 'end'
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
  atTargets(x_BLD: Tensor, batch: Pick<Sequences, 'atLast' | 'last_B' | 'mask_BL' | 'length'>, noise: Noise): Tensor
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
  { positions: table, norm }: EncoderEntry = encoderEntry(config, prefix),
): SequenceEncoder {
  const { hiddenSize, maxLength, layers, heads, dropout, fromEnd = false, positions, activation = 'gelu' } = config
  const blocks = Array.from({ length: layers }, (_, layer) =>
    transformerBlock(`${prefix}block${layer}`, { width: hiddenSize, heads, dropout, activation }),
  )
  const inOrder = (length: number): Tensor | undefined => {
    const first = fromEnd ? maxLength - length : 0
    return table && slice(table, 0, first, first + length)
  }
  const enter = (x_BLD: Tensor, noise: Noise, place = inOrder(x_BLD.shape[1] as number)): Tensor =>
    noise.dropout(norm(place ? add(x_BLD, place) : x_BLD), dropout)
  const through = (some: readonly Block[], hidden_BLD: Tensor, bias: Tensor, noise: Noise): Tensor =>
    some.reduce((query, block) => block({ query, bias, noise }), hidden_BLD)
  const single = (entered_BLD: Tensor, { bias, queryBias, pick, noise }: SingleReading): Tensor => {
    const memory = through(blocks.slice(0, -1), entered_BLD, bias, noise)
    const query = reshape(pick(memory), [-1, 1, hiddenSize])
    return reshape((blocks.at(-1) as Block)({ query, memory, bias: queryBias, noise }), [-1, hiddenSize])
  }
  return {
    whole: (x_BLD, bias, noise) => through(blocks, enter(x_BLD, noise), bias, noise),
    single: (x_BLD, reading) => single(enter(x_BLD, reading.noise), reading),
    atTargets(x_BLD, { atLast, last_B, mask_BL, length }, noise) {
      const byEnd = positions === 'end' && table
      const entered_BLD = enter(
        x_BLD,
        noise,
        byEnd ? rows(table, placesFromEnd({ mask_BL, length }, maxLength)) : undefined,
      )
      // Histories start at place 0, so causality alone keeps the padding behind them out of sight.
      const bias = causalBias(length)
      if (!last_B) return atLast(through(blocks, entered_BLD, bias, noise))
      return single(entered_BLD, { bias, queryBias: lastBias(last_B, length), pick: atLast, noise })
    },
  }
}
