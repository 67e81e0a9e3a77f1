/** @file The backbone of CMCLRec, SASRec: what it makes of whole histories. */
import type { Noise } from '../../../nn/noise.ts'
import type { Tensor } from '../../../tensor/node.ts'
import { rowsWithin } from '../../../tensor/rows.ts'
import { dims } from '../../../tensor/shape.ts'
import { causalBias, lastBias } from '../../parts/attention-bias.ts'
import type { SequenceEncoder } from '../../parts/sequence-encoder.ts'

/** What the mapping is learned beside. */
export interface Backbone {
  /** [V + 1, D] */
  readonly items: Tensor
  readonly encoder: SequenceEncoder
}

/** Histories. */
export interface Histories {
  /** [B, L] int64, zeros behind them. */
  readonly item_BL: Tensor
  /** The last event, 0 where there is none: [B] int64. */
  readonly last_B: Tensor
}

/** What the backbone makes of histories, read at their last events: [B, D]. */
export function readAtLast({ item_BL, last_B }: Histories, { items, encoder }: Backbone, noise: Noise): Tensor {
  const [, length] = dims(item_BL, 2)
  return encoder.single(items.rows(item_BL), {
    bias: causalBias(length),
    queryBias: lastBias(last_B, length),
    pick: (x) => rowsWithin(x, last_B.unsqueeze(1)),
    noise,
  })
}
