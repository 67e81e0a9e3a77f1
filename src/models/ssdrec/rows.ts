/** @file Places of histories moved by numbers that each history has its own of. */
import { constant, type Tensor } from '../../tensor/node.ts'
import { rowsWithin } from '../../tensor/rows.ts'
import { dims } from '../../tensor/shape.ts'
import { placesBefore } from '../parts/first-places.ts'

/** Where two items are put around a place g of each history, for reads and for their gradient. */
export interface Insertion {
  /** Of each new place the place among [history ; left ; right], [B, L + 2]. */
  readonly sources: Tensor
  /** Of each of these the new place, [B, L + 2]. */
  readonly inverse: Tensor
}

/**
 * Around place g [B, 1] of a history of L places, where `inserted` [B, 1] is 1; left and right stand behind everything
 * where it is 0.
 */
export function insertionAt(place_B1: Tensor, inserted_B1: Tensor, length: number): Insertion {
  const at = placesBefore(length + 2)
  const [left, right] = [length, length + 1]
  const kept = (moved: Tensor): Tensor => inserted_B1.mul(moved.sub(at)).add(at)
  const sources = at
    .equal(place_B1)
    .where(
      left,
      at
        .equal(place_B1.add(1))
        .where(place_B1, at.equal(place_B1.add(2)).where(right, place_B1.greater(at).where(at, at.sub(2)))),
    )
  const inverse = at
    .equal(left)
    .where(
      place_B1,
      at
        .equal(right)
        .where(place_B1.add(2), at.equal(place_B1).where(place_B1.add(1), place_B1.greater(at).where(at, at.add(2)))),
    )
  return { sources: kept(sources), inverse: kept(inverse) }
}

/**
 * Rows [B, L, ..] in another order within each history, given as float places; the inverse makes the gradient cheap.
 */
export function reordered(x: Tensor, { sources, inverse }: Insertion): Tensor {
  return rowsWithin(x, sources.cast('int64'), { inverse: inverse.cast('int64') })
}

/**
 * Moves the places that are kept together to the front: [B, L] of 0 and 1 -> a matrix [B, L, L] that does so, and how
 * many are kept, [B, 1]. No gradient.
 */
export function compaction(kept_BL: Tensor): { readonly matrix: Tensor; readonly count_B1: Tensor } {
  const [rows, length] = dims(kept_BL, 2)
  const upTo = Float32Array.from({ length: length * length }, (_, at) =>
    Math.floor(at / length) <= at % length ? 1 : 0,
  )
  const order_BL = kept_BL
    .stopGradient()
    .matmul(constant(upTo, [length, length]))
    .sub(1)
  const goes = order_BL
    .reshape([rows, 1, length])
    .equal(placesBefore(length).reshape([1, length, 1]))
    .cast('float32')
  return {
    matrix: goes.mul(kept_BL.stopGradient().reshape([rows, 1, length])),
    count_B1: kept_BL.stopGradient().sum([1], { keep: true }),
  }
}
