/** @file The Transformer that SASRec and its relatives read a history with: item vectors and learned positions, then post-norm blocks. */
import { normal } from '../../nn/init.ts'
import { layerNorm } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { type Block, transformerBlock } from '../../nn/transformer-block.ts'
import { add } from '../../tensor/elementwise.ts'
import { reshape, slice } from '../../tensor/move.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'

/** The sizes of an encoder. */
interface EncoderConfig {
  readonly hiddenSize: number
  /** L at most. */
  readonly maxLength: number
  readonly layers: number
  readonly heads: number
  readonly dropout: number
  /** Shorter histories have the last of the positions, not the first. */
  readonly fromEnd?: boolean
}

/** How one position a history is read. */
interface SingleReading {
  /** Who sees whom before the last block, as for `whole`. */
  readonly bias: Tensor
  /** Whom the one position sees, broadcast to [B, H, 1, L]. */
  readonly queryBias: Tensor
  /** Takes its row of each history, [B * L, D] -> [B, D]. */
  readonly pick: (rows: Tensor) => Tensor
  readonly noise: Noise
}

/** Hidden states of histories [B, L]. */
export interface SequenceEncoder {
  /** All positions, [B * L, D]; the bias is added to attention's scores and broadcast to [B, H, L, L]. */
  whole(history: Tensor, bias: Tensor, noise: Noise): Tensor
  /** One position a history, [B, D]: the last block computes that query alone. */
  single(history: Tensor, reading: SingleReading): Tensor
}

/** An encoder of whatever vectors stand for items, ids [B, L] -> [B, L, D]; parameters `position`, `norm.*` and `blockN.*`. */
export function sequenceEncoder(config: EncoderConfig, rowsOf: (ids: Tensor) => Tensor): SequenceEncoder {
  const { hiddenSize, maxLength, layers, heads, dropout, fromEnd = false } = config
  const positions = parameter('position', [maxLength, hiddenSize], normal())
  const norm = layerNorm('norm', hiddenSize)
  const blocks = Array.from({ length: layers }, (_, layer) =>
    transformerBlock(`block${layer}`, { width: hiddenSize, heads, dropout }),
  )

  const flat = (x: Tensor): Tensor => reshape(x, [-1, hiddenSize])
  const embed = (history_BL: Tensor, noise: Noise): Tensor => {
    const length = history_BL.shape[1] as number
    const first = fromEnd ? maxLength - length : 0
    const embedded_BLD = add(rowsOf(history_BL), slice(positions, 0, first, first + length))
    return noise.dropout(norm(embedded_BLD), dropout)
  }
  const through = (some: readonly Block[], hidden_BLD: Tensor, bias: Tensor, noise: Noise): Tensor =>
    some.reduce((query, block) => block({ query, bias, noise }), hidden_BLD)

  return {
    whole: (history_BL, bias, noise) => flat(through(blocks, embed(history_BL, noise), bias, noise)),
    single(history_BL, { bias, queryBias, pick, noise }) {
      const memory = through(blocks.slice(0, -1), embed(history_BL, noise), bias, noise)
      const query = reshape(pick(flat(memory)), [-1, 1, hiddenSize])
      return flat((blocks.at(-1) as Block)({ query, memory, bias: queryBias, noise }))
    },
  }
}
