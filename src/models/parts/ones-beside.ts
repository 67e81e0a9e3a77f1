/** @file What a user's vector meets the items' bias with. */
import { constant, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'

/** A one beside each row of x [P, W], [P, 1]. */
export function onesBeside(x: Tensor): Tensor {
  const [rows] = dims(x, 2)
  return constant(new Float32Array(rows).fill(1), [rows, 1])
}
