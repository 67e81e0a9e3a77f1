/** @file Places of a history's events counted from its end, as a table of positions reads them. */
import type { Sequences } from '../../batches/sequences.ts'
import { relu, sub } from '../../tensor/elementwise.ts'
import { cast } from '../../tensor/move.ts'
import { constant, type Tensor } from '../../tensor/node.ts'
import { sum } from '../../tensor/primitives.ts'

/** The place of each event, [B, L] int64: a history's last event has the last place, as behind padding in front. */
export function placesFromEnd({ mask_BL, length }: Pick<Sequences, 'mask_BL' | 'length'>, maxLength: number): Tensor {
  const counted = constant(
    Float32Array.from({ length }, (_, at) => at + 1),
    [length],
  )
  const later_BL = sub(sum(mask_BL, [1], { keep: true }), counted)
  return cast(sub(maxLength - 1, relu(later_BL)), 'int64')
}
