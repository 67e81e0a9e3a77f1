/** @file What EBM takes for noise: whole events, which are dropped, and parts of a spectrum, which are filtered out. */
import { filled, zeros } from '../../../nn/init.ts'
import { linear } from '../../../nn/linear.ts'
import type { Noise } from '../../../nn/noise.ts'
import { equal } from '../../../tensor/compare.ts'
import { concat } from '../../../tensor/move.ts'
import { integers, parameter, scalar, type Tensor } from '../../../tensor/node.ts'
import { dims } from '../../../tensor/shape.ts'
import { fromRealSpectrum, realSpectrum } from '../../../tensor/spectrum.ts'
import { hardChoice } from '../../parts/hard-choice.ts'
import type { Config } from './config.ts'

/** Histories that end at the last place. */
export interface Aligned {
  /** Zeros, then items: [B, L] int64. */
  readonly item_BL: Tensor
  /** 1 + the behavior of each event, 0 where there is none: [B, L] int64. */
  readonly behavior_BL: Tensor
  /** 1 where there is an event, else 0: [B, L]. */
  readonly mask_BL: Tensor
}

/** Which events stay, 1 or 0: [B, L, 1]. At first all do, but for the draw. */
export type Gate = (s_BLD: Tensor, history: Aligned, noise: Noise) => Tensor

/** (7-8); parameters `hard.threshold.*` and `hard.preference` [K + 1, 1]. */
export function hardGate({ hiddenSize, temperature }: Config, behaviors: number): Gate {
  const threshold = linear('hard.threshold', [hiddenSize, 1], { init: zeros })
  const preference = parameter('hard.preference', [behaviors + 1, 1], zeros)
  return (s_BLD, { behavior_BL, mask_BL }, noise) => {
    const [rows, length] = dims(mask_BL, 2)
    const worth_BL1 = preference.sigmoid().add(1).rows(behavior_BL)
    const logit_BL1 = worth_BL1.sub(threshold(s_BLD))
    const { chosen } = hardChoice(concat([logit_BL1, logit_BL1.neg()], -1), {
      gumbel: noise.gumbel([rows, length, 2]),
      temperature: scalar(temperature),
    })
    return chosen.slice(-1, 0, 1).mul(mask_BL.unsqueeze(-1))
  }
}

/** What passes a filter that is made for each history: [B, L, D] -> [B, L, D]. At first all does. */
export type Filter = (kept_BLD: Tensor, history: Aligned) => Tensor

/** (10); parameters `soft.{real,imaginary}` [K, F, D]. */
export function softFilter({ hiddenSize, maxLength }: Config, behaviors: number): Filter {
  const frequencies = Math.floor(maxLength / 2) + 1
  const shape = [behaviors, frequencies, hiddenSize]
  const [real, imaginary] = [parameter('soft.real', shape, filled(1)), parameter('soft.imaginary', shape, zeros)]
  return (kept_BLD, { behavior_BL, mask_BL }) => {
    const [rows, length] = dims(mask_BL, 2)
    const count_B1 = mask_BL.sum([1], { keep: true })
    const counts = Array.from({ length: behaviors }, (_, behavior) =>
      equal(behavior_BL, integers([behavior + 1]))
        .cast('float32')
        .sum([1], { keep: true }),
    )
    const share_BK = concat(counts, 1).div(count_B1.greater(1).where(count_B1, 1))
    const [ofReal, ofImaginary] = [real, imaginary].map((part) =>
      share_BK.matmul(part.reshape([behaviors, frequencies * hiddenSize])).reshape([rows, frequencies, hiddenSize]),
    ) as [Tensor, Tensor]
    const x = realSpectrum(kept_BLD)
    const filtered = {
      real: x.real.mul(ofReal).sub(x.imaginary.mul(ofImaginary)),
      imaginary: x.real.mul(ofImaginary).add(x.imaginary.mul(ofReal)),
    }
    return fromRealSpectrum(filtered, length)
  }
}
