import { describe, expect, it } from 'vitest'
import { adagrad } from './adagrad.ts'
import { adam } from './adam.ts'
import type { Optimizer, OptimizerTarget } from './optimizer.ts'
import { sgd } from './sgd.ts'

const target = (optimizer: Optimizer, values: number[], gradient: number[]): OptimizerTarget => ({
  values: Float32Array.from(values),
  gradient: Float32Array.from(gradient),
  state: optimizer.init(values.length),
})

describe('adam', () => {
  it('moves by the learning rate against the sign of a first gradient, whatever its size', () => {
    const optimizer = adam()
    const one = target(optimizer, [1, 1, 1], [4, -0.01, 0])
    optimizer.update(one, 1, 0.1, 0, 3)
    expect([...one.values].map((value) => Number(value.toFixed(4)))).toEqual([0.9, 1.1, 1])
  })

  it('follows the algorithm by hand over two steps', () => {
    const optimizer = adam()
    const one = target(optimizer, [0], [1])
    optimizer.update(one, 1, 0.1, 0, 1)
    one.gradient[0] = 3
    optimizer.update(one, 2, 0.1, 0, 1)
    // m = 0.9 * 0.1 + 0.1 * 3 = 0.39, m^ = 0.39 / 0.19; v = 0.999 * 0.001 + 0.001 * 9 = 0.009999, v^ = v / 0.001999
    const second = (0.1 * (0.39 / 0.19)) / Math.sqrt(0.009999 / 0.001999)
    expect(one.values[0]).toBeCloseTo(-0.1 - second, 5)
  })

  it('touches only the rows it is given, and decays weights apart from the gradient', () => {
    const optimizer = adam({ weightDecay: 0.5 })
    const one = target(optimizer, [1, 1], [1, 1])
    optimizer.update(one, 1, 0.1, 1, 2)
    expect(one.values[0]).toBe(1)
    expect(one.values[1]).toBeCloseTo(0.95 - 0.1, 5)
  })

  it('has the right scale for each learning rate of one step', () => {
    const optimizer = adam()
    const [slow, fast] = [target(optimizer, [0], [1]), target(optimizer, [0], [1])]
    optimizer.update(slow, 1, 0.1, 0, 1)
    optimizer.update(fast, 1, 0.5, 0, 1)
    expect([slow.values[0], fast.values[0]]).toEqual([Math.fround(-0.1), -0.5])
  })
})

describe('adagrad', () => {
  it('follows the rule by hand over two steps', () => {
    const optimizer = adagrad({ accumulator: 0 })
    const one = target(optimizer, [0], [3])
    optimizer.update(one, 1, 0.1, 0, 1)
    one.gradient[0] = 4
    optimizer.update(one, 2, 0.1, 0, 1)
    // Sums of squares 9 and 25: 0.1 * 3 / 3 + 0.1 * 4 / 5.
    expect(one.values[0]).toBeCloseTo(-0.18, 6)
  })

  it('begins with its accumulator', () => {
    const optimizer = adagrad({ accumulator: 16 })
    const one = target(optimizer, [0], [3])
    optimizer.update(one, 1, 1, 0, 1)
    expect(one.values[0]).toBeCloseTo(-0.6, 6)
  })
})

describe('sgd', () => {
  it('follows the gradient itself', () => {
    const optimizer = sgd()
    const one = target(optimizer, [1, 1], [2, 2])
    optimizer.update(one, 1, 0.25, 0, 1)
    expect([...one.values]).toEqual([0.5, 1])
  })
})
