/** @file Memory for time: what a stretch of a graph holds is computed a second time for its gradient instead of kept until then. */
import { add, mul } from './elementwise.ts'
import { gradients } from './gradient.ts'
import { concat, reshape, slice, split } from './move.ts'
import { type Parameter, sizeOf, stopGradient, type Tensor, withGradient } from './node.ts'
import { sum } from './reduce.ts'

/** `compute` of tensors, of which nothing but these tensors is kept until the gradient comes. It must read nothing else that wants a gradient. */
export function recomputed<Inputs extends readonly Tensor[]>(
  inputs: Inputs,
  compute: (inputs: Inputs) => Tensor,
): Tensor {
  const made = compute(inputs.map(stopGradient) as unknown as Inputs)
  return withGradient(made, inputs, (g) => {
    // What is added is zero, but only the gradient can tell: without it the runtime would find that all this was computed before.
    const later = mul(slice(reshape(g, [-1]), 0, 0, 1), 0)
    const copies = inputs.map((x) => add(stopGradient(x), later))
    const loss = sum(mul(compute(copies as unknown as Inputs), stopGradient(g)))
    const found = [...gradients(loss, copies as Parameter[]).values()].map(({ dense }) =>
      reshape(dense as Tensor, [-1]),
    )
    // Joined and taken apart again, they are all there before one of them is read: else what each needs would be held for the last of them.
    const together = split(
      concat(found, 0),
      0,
      inputs.map(({ shape }) => sizeOf(shape)),
    )
    return inputs.map(({ shape }, index) => reshape(together[index] as Tensor, shape))
  })
}
