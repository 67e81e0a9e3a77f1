/** @file How EBM reads histories: encoded, denoised, and encoded once more. */
import type { Sequences } from '../../../batches/sequences.ts'
import { normal } from '../../../nn/init.ts'
import { layerNorm } from '../../../nn/linear.ts'
import type { Noise } from '../../../nn/noise.ts'
import { integers, parameter, type Tensor } from '../../../tensor/node.ts'
import { dims } from '../../../tensor/shape.ts'
import { endAligned } from '../../parts/end-aligned.ts'
import type { Config } from './config.ts'
import type { Aligned, Filter, Gate } from './denoising.ts'
import { encoderLayer } from './encoder.ts'

/** What of the denoising takes part; what is absent lets everything pass. */
export interface Denoising {
  readonly gate?: Gate
  readonly filter?: Filter
}

/** What is made of histories. */
export interface Read {
  /** 1 where there is an event, else 0: [B, L]. */
  readonly mask_BL: Tensor
  /** S, the encoded history. */
  readonly s_BLD: Tensor
  /** m, 1 at events that stay. */
  readonly keep_BL1: Tensor
  /** S_hp, what the gate leaves. */
  readonly kept_BLD: Tensor
  /** S_sp, what the filter leaves of it. */
  readonly passed_BLD: Tensor
  readonly user_BD: Tensor
}

/** Reads a batch of histories. */
export type Reader = (batch: Sequences, denoising: Denoising, noise: Noise) => Read

/** (1-5, 7-11); parameters `behavior`, `position`, `norm.*`, `layerN.*`, `join.norm.*` and `last.*`. */
export function reader(config: Config, behaviors: number, items: Tensor): Reader {
  const { hiddenSize, maxLength, dropout } = config
  const ofBehavior = parameter('behavior', [behaviors + 1, hiddenSize], normal())
  const positions = parameter('position', [maxLength, hiddenSize], normal())
  const norm = layerNorm('norm', hiddenSize)
  const layers = Array.from({ length: config.layers }, (_, at) => encoderLayer(`layer${at}`, config))
  const joinNorm = layerNorm('join.norm', hiddenSize)
  const last = encoderLayer('last', config)
  return (batch, { gate, filter }, noise) => {
    const history = aligned(batch)
    const { item_BL, behavior_BL, mask_BL } = history
    const [rows, length] = dims(mask_BL, 2)
    const mask_BL1 = mask_BL.unsqueeze(-1)
    const embedded_BLD = items.rows(item_BL).add(ofBehavior.rows(behavior_BL)).add(positions)
    const entered_BLD = noise.dropout(norm(embedded_BLD), dropout).mul(mask_BL1)
    const s_BLD = layers.reduce((x, layer) => layer(x, noise).mul(mask_BL1), entered_BLD)
    const keep_BL1 = gate ? gate(s_BLD, history, noise) : mask_BL1
    const kept_BLD = gate ? s_BLD.mul(keep_BL1) : s_BLD
    const passed_BLD = filter ? filter(kept_BLD, history) : kept_BLD
    const joined_BLD = joinNorm(kept_BLD.add(noise.dropout(passed_BLD, dropout))).mul(keep_BL1)
    const user_BD = last(joined_BLD, noise)
      .slice(1, length - 1, length)
      .reshape([rows, hiddenSize])
    return { mask_BL, s_BLD, keep_BL1, kept_BLD, passed_BLD, user_BD }
  }
}

/** The last event at the last place. */
function aligned(batch: Sequences): Aligned {
  const align = endAligned(batch.mask_BL)
  const item_BL = align(batch.item_BL)
  const mask_BL = item_BL.greater(integers([0])).cast('float32')
  return { item_BL, behavior_BL: align(batch.behavior_BL), mask_BL }
}
