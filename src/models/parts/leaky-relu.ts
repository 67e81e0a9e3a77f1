/** @file LeakyReLU, as graph networks have it. */
import { mul, relu, sub } from '../../tensor/elementwise.ts'
import type { Tensor } from '../../tensor/node.ts'

/** x where it is above 0, else 0.2 x. */
export const leakyRelu = (x: Tensor): Tensor => sub(relu(x), mul(relu(x.neg()), 0.2))
