/** @file Places of histories beside numbers that each history has its own of. */
import { constant, type Tensor } from '../../tensor/node.ts'

/** 0, 1, .., L - 1 as [1, L]: beside a number of each history, [B, 1], the places before it are the smaller ones. */
export const placesBefore = (length: number): Tensor =>
  constant(
    Float32Array.from({ length }, (_, at) => at),
    [1, length],
  )

/** 1 for the places below each history's count [B, 1], else 0: [B, L]. */
export const firstPlaces = (count_B1: Tensor, length: number): Tensor =>
  count_B1.greater(placesBefore(length)).cast('float32')
