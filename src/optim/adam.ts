/**
 * @file Adam over typed arrays, in place (Kingma & Ba, ICLR 2015, algorithm 1), with decoupled weight decay (Loshchilov
 * & Hutter, ICLR 2019).
 */
import type { Optimizer, OptimizerOptions } from './optimizer.ts'

/** Adam's settings. */
export interface AdamOptions extends OptimizerOptions {
  readonly beta1?: number
  readonly beta2?: number
  readonly epsilon?: number
  /** Decoupled weight decay, times the learning rate. */
  readonly weightDecay?: number
}

/** Adam; it remembers running means of the gradient and of its square. */
export function adam(options: AdamOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, ...rest } = options
  // Cached per step: without the cache V8 may recompute both powers in the inner loop, which is five times slower.
  let cached = { step: 0, correction: 1, bias: 1 }
  const scaleOf = (step: number): typeof cached => {
    if (cached.step !== step) cached = { step, correction: Math.sqrt(1 - beta2 ** step), bias: 1 - beta1 ** step }
    return cached
  }
  return {
    name: 'adam',
    slots: ['first', 'second'],
    init: (size) => [new Float32Array(size), new Float32Array(size)],
    update({ values, gradient, state }, step, learningRate, begin, end) {
      const [first, second] = state as [Float32Array, Float32Array]
      const { correction, bias } = scaleOf(step)
      const rate = (learningRate * correction) / bias
      const floor = epsilon * correction
      const shrink = 1 - learningRate * weightDecay
      for (let index = begin; index < end; index++) {
        const g = gradient[index] as number
        const m = beta1 * (first[index] as number) + (1 - beta1) * g
        const v = beta2 * (second[index] as number) + (1 - beta2) * g * g
        first[index] = m
        second[index] = v
        values[index] = shrink * (values[index] as number) - (rate * m) / (Math.sqrt(v) + floor)
      }
    },
    ...rest,
  }
}
