/** @file The second order of a factorization machine in linear time (Rendle, ICDM 2010, lemma 3.1). */
import { add, mul, sub } from '../../tensor/elementwise.ts'
import type { Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { squaresOfFields, sumOfFields, type WeightedFields } from './weighted-fields.ts'

/**
 * w . x plus <v_i, v_j> x_i x_j summed over all pairs of fields, (|sum v x|^2 - sum |v x|^2) / 2: [B], of H users and B
 * items whose rows are 1 + D wide. Both sums add up over users and items: with H = 1 what the user brings is summed
 * once.
 */
export function factorized(user: WeightedFields, item: WeightedFields): Tensor {
  const sums = add(sumOfFields(user), sumOfFields(item))
  const [, width] = dims(sums, 2)
  const [first_B1, sum_BD] = sums.split(1, [1, width - 1]) as [Tensor, Tensor]
  const squares = add(squaresOfFields(user), squaresOfFields(item))
  const pairs_B = sub(sum_BD.sumSquares(), squares.sum([1]))
  return add(first_B1.sum([1]), mul(pairs_B, 0.5))
}
