/** @file What a user's vector meets the items' bias with. */
import { constant, sizeOf, type Tensor } from '../../tensor/node.ts'

/** A one beside each row of x [.., W], [.., 1]. */
export function onesBeside({ shape }: Tensor): Tensor {
  const sizes = [...shape.slice(0, -1), 1]
  return constant(new Float32Array(sizeOf(sizes)).fill(1), sizes)
}
