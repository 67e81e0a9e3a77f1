/** @file Histories moved to the end of their places, for models to which it matters where padding stands. */
import { integers, type Tensor } from '../../tensor/node.ts'
import { rowsWithin } from '../../tensor/rows.ts'
import { dims } from '../../tensor/shape.ts'
import { placesBefore } from './first-places.ts'

/**
 * Ids of histories [B, L] int64, zeros before them in place of behind them.
 * @param mask_BL 1 where there is an event, else 0: as many ones first as the history has events
 */
export function endAligned(mask_BL: Tensor): (ids_BL: Tensor) => Tensor {
  const [, length] = dims(mask_BL, 2)
  const from_BL = placesBefore(length)
    .add(mask_BL.sum([1], { keep: true }))
    .sub(length)
  const place_BL = from_BL.relu().cast('int64')
  return (ids_BL) => from_BL.greater(-1).where(rowsWithin(ids_BL, place_BL), integers([0]))
}
