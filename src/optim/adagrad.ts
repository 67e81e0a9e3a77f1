/** @file Adagrad over typed arrays, in place (Duchi, Hazan & Singer, JMLR 2011). */
import type { Optimizer, OptimizerOptions } from './optimizer.ts'

/** Adagrad's settings. */
export interface AdagradOptions extends OptimizerOptions {
  /** What the sums of squares begin with; 0.1 by default. */
  readonly accumulator?: number
  readonly epsilon?: number
}

/** Adagrad; it remembers the sum of the gradient's squares. */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  const { accumulator = 0.1, epsilon = 1e-10, ...rest } = options
  return {
    name: 'adagrad',
    slots: ['squares'],
    init: (size) => [new Float32Array(size).fill(accumulator)],
    update({ values, gradient, state }, _, learningRate, begin, end) {
      const [squares] = state as [Float32Array]
      for (let index = begin; index < end; index++) {
        const g = gradient[index] as number
        const sum = (squares[index] as number) + g * g
        squares[index] = sum
        values[index] = (values[index] as number) - (learningRate * g) / (Math.sqrt(sum) + epsilon)
      }
    },
    ...rest,
  }
}
