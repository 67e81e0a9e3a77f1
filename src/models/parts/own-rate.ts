/** @file Parameters with a learning rate of their own. */
import { mul } from '../../tensor/elementwise.ts'
import { type Initializer, parameter, type Shape, type Tensor } from '../../tensor/node.ts'

/**
 * A parameter that learns at `rate` times the rate of the others. Adam does not see how long a gradient is, so a weight
 * in front of a loss would not do. What is stored is the parameter divided by the rate: Adam moves it as far as any,
 * and what is read of it `rate` times as far.
 */
export function parameterAtRate(
  name: string,
  shape: Shape,
  { init, rate }: { readonly init: Initializer; readonly rate: number },
): Tensor {
  if (rate === 1) return parameter(name, shape, init)
  const stored = parameter(name, shape, (values, random) => {
    init(values, random)
    for (let at = 0; at < values.length; at++) values[at] = (values[at] as number) / rate
  })
  return mul(stored, rate)
}
