/** @file How well each place of a history fits into it (eq. 5 of SSDRec). */
import { normal } from '../../nn/init.ts'
import { biLstm } from '../../nn/lstm.ts'
import { concat, slice } from '../../tensor/move.ts'
import { constant, parameter, type Tensor } from '../../tensor/node.ts'
import { softmax } from '../../tensor/normalize.ts'
import { dims } from '../../tensor/shape.ts'
import { maskBias } from '../parts/attention-bias.ts'
import { placesBefore } from '../parts/first-places.ts'

/** A history of vectors. */
export interface Placed {
  /** [B, L, D]; zeros at the padding, which stands behind. */
  readonly x_BLD: Tensor
  /** How many places are real: [B, 1]. */
  readonly count_B1: Tensor
  /** 1 where they are: [B, L]. */
  readonly mask_BL: Tensor
}

/** What is read of a history's places. */
export interface PlaceReading {
  /** p^seq p^item [B, L]: how well each place fits, between 0 and 1. */
  readonly fit_BL: Tensor
  /** The states before and after each place, without start and end: [B, L, D]. */
  readonly before_BLD: Tensor
  readonly after_BLD: Tensor
}

/** Reads a history; `states` are asked for where items are inserted. */
export interface PlaceReader {
  fit(history: Placed): Tensor
  read(history: Placed): PlaceReading
}

/** Parameters `places.{start,end}` [D] and `places.rnn.*`, which has no bias. */
export function placeReader(width: number): PlaceReader {
  const [start_D, end_D] = ['start', 'end'].map((name) => parameter(`places.${name}`, [width], normal(1))) as [
    Tensor,
    Tensor,
  ]
  const recur = biLstm('places.rnn', [width, width], { bias: false })
  /** What each place is read after, and before: the history with its ends, or without, moved by one. */
  const around = (
    { x_BLD, count_B1 }: Placed,
    ends: boolean,
  ): { readonly forward: Tensor; readonly backward: Tensor } => {
    const [rows, length] = dims(x_BLD, 3)
    const nothing = constant(new Float32Array(rows * width), [rows, 1, width])
    const edge = (first: Tensor, others: readonly Tensor[]): Tensor => concat([first, ...others], 1)
    const start = ends ? nothing.add(start_D) : nothing
    const forward = edge(start, length > 1 ? [slice(x_BLD, 1, 0, length - 1)] : [])
    const later = length > 1 ? edge(slice(x_BLD, 1, 1, length), [nothing]) : nothing
    const atEnd = placesBefore(length).equal(count_B1.sub(1)).cast('float32').reshape([rows, length, 1])
    return { forward, backward: ends ? later.add(atEnd.mul(end_D)) : later }
  }
  const fitOf = ({ x_BLD, mask_BL }: Placed, forward: Tensor, backward: Tensor): Tensor => {
    const hidden_BL = maskBias(mask_BL)
    const shares = (scores_BL: Tensor): Tensor => softmax(scores_BL.add(hidden_BL))
    const clamped = x_BLD.add(1).relu().sub(x_BLD.sub(1).relu()).sub(1)
    const others = clamped.sum([1], { keep: true }).sub(clamped)
    return shares(x_BLD.mul(forward).mul(backward).sum([2])).mul(shares(clamped.mul(others).sum([2])))
  }
  return {
    fit(history) {
      const { forward, backward } = recur(around(history, true))
      return fitOf(history, forward, backward)
    },
    read(history) {
      const [rows] = dims(history.x_BLD, 3)
      // With and without ends in one recurrence.
      const [closed, open] = [around(history, true), around(history, false)]
      const states = recur({
        forward: concat([closed.forward, open.forward], 0),
        backward: concat([closed.backward, open.backward], 0),
      })
      const half = (x: Tensor, from: 0 | 1): Tensor => slice(x, 0, from * rows, (from + 1) * rows)
      return {
        fit_BL: fitOf(history, half(states.forward, 0), half(states.backward, 0)),
        before_BLD: half(states.forward, 1),
        after_BLD: half(states.backward, 1),
      }
    },
  }
}
