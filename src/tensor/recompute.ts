/**
 * @file Memory for time: part of a graph is computed a second time for its gradient, so that its tensors need not be
 * kept until then.
 */
import { add, mul } from './elementwise.ts'
import { gradients } from './gradient.ts'
import { concat, reshape, slice, split } from './move.ts'
import { type Parameter, sizeOf, stopGradient, type Tensor, withGradient } from './operation.ts'
import { sum } from './reduce.ts'

/**
 * `compute(inputs)`, of which only the inputs are kept until the gradient comes. It must read nothing else that wants
 * a gradient.
 */
export function recomputed<Inputs extends readonly Tensor[]>(
  inputs: Inputs,
  compute: (inputs: Inputs) => Tensor,
): Tensor {
  const made = compute(inputs.map(stopGradient) as unknown as Inputs)
  return withGradient(made, inputs, (g) => {
    // Zero, derived from the gradient, is added to each input. Otherwise onnxruntime sees that these nodes equal the
    // forward pass and merges them, and the memory is not freed.
    const later = mul(slice(reshape(g, [-1]), 0, 0, 1), 0)
    const copies = inputs.map((x) => add(stopGradient(x), later))
    const loss = sum(mul(compute(copies as unknown as Inputs), stopGradient(g)))
    const found = [...gradients(loss, copies as Parameter[]).values()].map(({ dense }) =>
      reshape(dense as Tensor, [-1]),
    )
    // Concat then split forces all gradients to be computed at one point, so that their intermediates can be freed
    // before any gradient is used.
    const together = split(
      concat(found, 0),
      0,
      inputs.map(({ shape }) => sizeOf(shape)),
    )
    return inputs.map(({ shape }, index) => reshape(together[index] as Tensor, shape))
  })
}
