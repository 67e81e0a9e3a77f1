/** @file Plain stochastic gradient descent, in place. */
import type { Optimizer, OptimizerOptions } from './optimizer.ts'

/** Descent by the gradient itself; it remembers nothing. */
export function sgd(options: OptimizerOptions = {}): Optimizer {
  return {
    name: 'sgd',
    slots: [],
    init: () => [],
    update({ values, gradient }, _, learningRate, begin, end) {
      for (let index = begin; index < end; index++) {
        values[index] = (values[index] as number) - learningRate * (gradient[index] as number)
      }
    },
    ...options,
  }
}
