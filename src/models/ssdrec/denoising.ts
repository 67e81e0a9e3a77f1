/** @file Which events of a history are noise, by its own order and by what comes next (eq. 9-11 of SSDRec). */
import { uniform, xavier, zeros } from '../../nn/init.ts'
import { layerNorm, linear } from '../../nn/linear.ts'
import { biLstm } from '../../nn/lstm.ts'
import { concat, reshape, slice, split } from '../../tensor/move.ts'
import { type Parameter, parameter, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { hardChoice } from '../parts/hard-choice.ts'
import type { SsdrecConfig } from './config.ts'
import type { Drawn, ReadHistory } from './insertion.ts'

/** What is read beside a history. */
export interface Judged {
  /** Rows of E, zeros where nothing is: [B, L, D]. */
  readonly raw_BLD: Tensor
  /** The row of E of the next item in training, of U of the user when serving: [B, D]. */
  readonly next_BD: Tensor
}

/** What comes of it. */
export interface Judgment {
  /** 1 at events that stay, else 0: [B, L]. */
  readonly keep_BL: Tensor
  /** The probability with which a draw of training drops each event: [B, L]. */
  readonly doubt_BL: Tensor
  /** How far a history is from its reconstruction, a place: [B]. */
  readonly reconstruction_B: Tensor
}

/** Judges the places of histories. */
export type Judge = (history: ReadHistory, judged: Judged, drawn: Drawn) => Judgment

/** Parameters `denoise.rnn.*`, `denoise.pair.{weight,bias}`, `denoise.place` and `denoise.readout.*`. */
export function judge({ hiddenSize: width, maxLength, embeddingDropout, readoutDropout }: SsdrecConfig): Judge {
  const recur = biLstm('denoise.rnn', [width, width])
  const bound = 1 / Math.sqrt(2 * maxLength)
  const pair = parameter('denoise.pair.weight', [2, maxLength, maxLength], uniform(bound))
  const pairBias = parameter('denoise.pair.bias', [maxLength], zeros)
  const matrix = (name: string, to: number): Parameter => parameter(name, [width, to], xavier(width, to))
  const toPlace = matrix('denoise.place', 2)
  const norm = layerNorm('denoise.readout.norm', width)
  const [ofEvent, toChoice] = [matrix('denoise.readout.event', width), matrix('denoise.readout.choice', 2)]
  const ofNext = linear('denoise.readout.next', [width, width])
  return ({ x_BLD, present_BL }, { raw_BLD, next_BD }, { noise, temperature }) => {
    const [rows, length] = dims(raw_BLD, 3)
    const mask_BL = present_BL.stopGradient()
    const real = (x: Tensor): Tensor => x.mul(mask_BL.reshape([rows, length, 1]))
    const recurred = (x: Tensor): Tensor => {
      const { forward, backward } = recur({ forward: x, backward: x, mask_BL })
      return real(forward.add(backward))
    }
    // (9)
    const events_BLD = noise.dropout(raw_BLD, embeddingDropout)
    const again_BLD = recurred(recurred(events_BLD))
    const off_BLD = again_BLD.sub(raw_BLD)
    const count_B = mask_BL.sum([1])
    const reconstruction_B = off_BLD
      .square()
      .sum([1, 2])
      .div(count_B.add(count_B.equal(0).cast('float32')))
    const part = slice(slice(pair, 1, 0, length), 2, 0, length)
    const weights = concat(
      [0, 1].map((side) => reshape(slice(part, 0, side, side + 1), [length, length])),
      1,
    )
    const mixed = weights
      .matmul(concat([again_BLD, raw_BLD], 1))
      .add(slice(pairBias, 0, 0, length).reshape([length, 1]))
    const bySequence = noise.dropout(mixed, embeddingDropout).relu().matmul(toPlace).sigmoid()
    // (10)
    const read = noise.dropout(norm(x_BLD), readoutDropout).matmul(ofEvent)
    const byItem = read
      .add(ofNext(next_BD).reshape([rows, 1, width]))
      .tanh()
      .matmul(toChoice)
      .sigmoid()
    // (11)
    const noisy = (signals_BL2: Tensor): Tensor => {
      const { chosen } = hardChoice(signals_BL2, { gumbel: noise.gumbel(signals_BL2.shape), temperature })
      return slice(chosen, 2, 1, 2).reshape([rows, length])
    }
    /** A draw of two calls noise with the sigmoid of what sets them apart. */
    const chance = (signals_BL2: Tensor): Tensor => {
      const [event, noise] = split(signals_BL2, 2, [1, 1]) as [Tensor, Tensor]
      return noise.sub(event).sigmoid().reshape([rows, length])
    }
    return {
      keep_BL: noisy(bySequence).mul(noisy(byItem)).mul(-1).add(1),
      doubt_BL: chance(bySequence).mul(chance(byItem)),
      reconstruction_B,
    }
  }
}
