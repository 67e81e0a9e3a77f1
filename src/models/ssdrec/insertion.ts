/** @file Two items are put around the place that fits least, and a place may go again (eq. 6-8 of SSDRec). */
import type { Noise } from '../../nn/noise.ts'
import { concat, slice } from '../../tensor/move.ts'
import { integers, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { maskBias } from '../parts/attention-bias.ts'
import { firstPlaces, placesBefore } from '../parts/first-places.ts'
import { hardChoice } from '../parts/hard-choice.ts'
import type { SsdrecConfig } from './config.ts'
import type { Placed, PlaceReader } from './places.ts'
import { insertionAt, reordered } from './rows.ts'

/** A history as it is denoised. */
export interface ReadHistory extends Placed {
  /** Items [B, L] int64. */
  readonly item_BL: Tensor
  /** 1 at the places that are there, else 0: [B, L], in training with the gradient of a choice. */
  readonly present_BL: Tensor
}

/** What inserted items are chosen among. */
export interface Candidates {
  /** [C] int64 */
  readonly item_C: Tensor
  /** Their rows of I~, [C, D]. */
  readonly vector_CD: Tensor
}

/** How choices are drawn in a pass. */
export interface Drawn {
  readonly noise: Noise
  readonly temperature: Tensor
}

/** A history with two items more, or as it was where it has no room for them. */
export function withInsertion(
  history: ReadHistory,
  { item_C, vector_CD }: Candidates,
  { reader, config, drawn }: { readonly reader: PlaceReader; readonly config: SsdrecConfig; readonly drawn: Drawn },
): ReadHistory {
  const { maxLength, placeScale } = config
  const { x_BLD, item_BL, count_B1, mask_BL } = history
  const [rows, length, width] = dims(x_BLD, 3)
  const { noise, temperature } = drawn
  const choose = (logits: Tensor) => hardChoice(logits, { gumbel: noise.gumbel(logits.shape), temperature })
  /** (6) The place that fits least is the likeliest; padding is none. */
  const chooseMisfit = (fit_BL: Tensor, mask: Tensor) =>
    choose(fit_BL.mul(-1).add(1).mul(placeScale).add(maskBias(mask)))
  const { fit_BL, before_BLD, after_BLD } = reader.read(history)
  const misfit = chooseMisfit(fit_BL, mask_BL)
  const place_B1 = misfit.place.cast('float32').reshape([rows, 1])
  const inserted_B1 = count_B1
    .greater(maxLength - 2)
    .not()
    .cast('float32')
  // (7)
  const beside = (states_BLD: Tensor) => {
    const asked_BD = misfit.chosen.reshape([rows, 1, length]).matmul(states_BLD).reshape([rows, width])
    const { place, chosen } = choose(asked_BD.matmul(vector_CD, { transposeB: true }))
    return { vector: chosen.matmul(vector_CD).reshape([rows, 1, width]), item: item_C.rows(place).reshape([rows, 1]) }
  }
  const [left, right] = [beside(before_BLD), beside(after_BLD)]
  const order = insertionAt(place_B1, inserted_B1, length)
  const room = Math.min(length + 2, maxLength)
  const moved = (parts: readonly Tensor[]): Tensor => slice(reordered(concat(parts, 1), order), 1, 0, room)
  const count = count_B1.add(inserted_B1.mul(2))
  const mask = firstPlaces(count, room)
  const longer: Placed = {
    x_BLD: moved([x_BLD, left.vector, right.vector]).mul(mask.reshape([rows, room, 1])),
    count_B1: count,
    mask_BL: mask,
  }
  // (8)
  const again = chooseMisfit(reader.fit(longer), mask).chosen
  const away = placesBefore(room).sub(place_B1)
  const near_BL = away.greater(-1).and(away.greater(2).not()).cast('float32').mul(inserted_B1)
  const stays_BL = again.mul(near_BL).mul(-1).add(1)
  const items = mask.greater(0).where(moved([item_BL, left.item, right.item]), integers([0]))
  return {
    ...longer,
    x_BLD: longer.x_BLD.mul(stays_BL.reshape([rows, room, 1])),
    item_BL: items,
    present_BL: mask.mul(stays_BL),
  }
}
