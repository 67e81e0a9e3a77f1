import { describe, expect, it } from 'vitest'
import { adamStep } from './adam.ts'

const target = (values: number[], gradient: number[]) => ({
  values: Float32Array.from(values),
  gradient: Float32Array.from(gradient),
  first: new Float32Array(values.length),
  second: new Float32Array(values.length),
})

describe('adamStep', () => {
  it('moves by the learning rate against the sign of a first gradient, whatever its size', () => {
    const state = target([1, 1, 1], [4, -0.01, 0])
    adamStep(state, 1, { learningRate: 0.1 })
    expect([...state.values].map((value) => Number(value.toFixed(4)))).toEqual([0.9, 1.1, 1])
  })

  it('follows the algorithm by hand over two steps', () => {
    const state = target([0], [1])
    adamStep(state, 1, { learningRate: 0.1 })
    state.gradient[0] = 3
    adamStep(state, 2, { learningRate: 0.1 })
    // m = 0.9 * 0.1 + 0.1 * 3 = 0.39, m^ = 0.39 / 0.19; v = 0.999 * 0.001 + 0.001 * 9 = 0.009999, v^ = v / 0.001999
    const second = (0.1 * (0.39 / 0.19)) / Math.sqrt(0.009999 / 0.001999)
    expect(state.values[0]).toBeCloseTo(-0.1 - second, 5)
  })

  it('touches only the rows it is given, and decays weights apart from the gradient', () => {
    const state = target([1, 1], [1, 1])
    adamStep(state, 1, { learningRate: 0.1, weightDecay: 0.5 }, 1, 2)
    expect(state.values[0]).toBe(1)
    expect(state.values[1]).toBeCloseTo(0.95 - 0.1, 5)
  })
})
