import { describe, expect, it } from 'vitest'
import { batchKind } from '../batches/kind.ts'
import type { Objective } from '../models/contract/model.ts'
import { zeros } from '../nn/init.ts'
import { buildGraph } from '../onnx/graph.ts'
import { adam } from '../optim/adam.ts'
import { sgd } from '../optim/sgd.ts'
import { add, exp, mul } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { input, parameter, type Tensor } from '../tensor/node.ts'
import { sum } from '../tensor/reduce.ts'
import { estimateMemory, type MemoryEstimate, peakBytes, programBytes } from './memory.ts'
import { initialParameters, prepareOptimizer } from './parameters.ts'
import { parametersOf, stepGraph } from './step.ts'

describe('peakBytes', () => {
  it('is one buffer for a chain computed in place', () => {
    expect(peakBytes([sum(exp(mul(exp(input('x', [10])), 2)))])).toBe(40)
  })

  it('holds what is still to be read beside what is being made', () => {
    const x = input('x', [4, 4])
    const a = matmul(x, x)
    const b = matmul(a, a)
    // a stays until the last sum: a and b, 64 bytes each, and the sum takes the place of one of them.
    expect(peakBytes([sum(add(b, a))])).toBe(128)
  })

  it('does not count outputs, which lie in buffers of their own', () => {
    const x = input('x', [8])
    expect(peakBytes([exp(x)])).toBe(0)
  })

  it('frees each buffer of a chain after its last use: the largest two neighbors', () => {
    const [x, wide, narrow] = [input('x', [4, 4]), input('wide', [4, 8]), input('narrow', [8, 2])]
    const chain = matmul(matmul(x, wide), narrow)
    // [4, 8] and [4, 2] at once, then [4, 2] and the [2, 2] made of it.
    expect(peakBytes([sum(matmul(input('y', [2, 4]), chain))])).toBe(4 * (32 + 8))
  })

  it('holds a buffer across all that is made before it is read again', () => {
    const x = input('x', [4, 4])
    const first = matmul(x, x)
    const last = matmul(matmul(first, first), x)
    expect(peakBytes([sum(last)])).toBe(2 * 64)
    expect(peakBytes([sum(add(last, first))])).toBe(3 * 64)
  })

  it('computes nothing in place of what is still to be read', () => {
    const x = input('x', [4, 4])
    const made = matmul(x, x)
    expect(peakBytes([sum(exp(made))])).toBe(64)
    expect(peakBytes([sum(matmul(exp(made), made))])).toBe(3 * 64)
  })

  it('counts neither what is given nor what only leads to it', () => {
    const x = input('x', [4, 4])
    const made = matmul(matmul(x, x), x)
    expect(peakBytes([sum(matmul(made, x))])).toBe(2 * 64)
    expect(peakBytes([sum(matmul(made, x))], new Set([made]))).toBe(64)
    expect(peakBytes([made], new Set([made]))).toBe(0)
  })
})

describe('programBytes', () => {
  const x = input('x', [64, 64])
  const [made, last] = [matmul(x, x), matmul(matmul(x, x), x)]

  it('has outputs, but those in buffers of the caller', () => {
    const graph = buildGraph({ made, last })
    const size = 4 * 64 * 64
    expect(programBytes(graph) - programBytes(graph, (name) => name === 'last')).toBeCloseTo(size, 3)
  })

  it('has nothing of what another program computed for it', () => {
    const whole = buildGraph({ sum: sum(matmul(last, x)) })
    const rest = buildGraph({ sum: sum(matmul(last, x)) }, { given: new Map([[last, 'once.0']]) })
    expect(programBytes(rest)).toBeLessThan(programBytes(whole))
  })
})

describe('the estimate', () => {
  const weight = parameter('weight', [8, 16], zeros)
  const objective: Objective = {
    name: 'squares',
    batches: batchKind<Tensor, never>({
      smallest: { rows: 1, length: 0, targets: 0 },
      declare: ({ rows }, declareInput) => declareInput('x', [rows, 8]),
      fill: () => undefined,
      training: () => ({ size: '', shapes: [], epoch: () => [] }),
    }) as never,
    losses(x: Tensor) {
      const y = exp(matmul(x, weight))
      return { squares: { weight: 1, value: sum(mul(y, y)) } }
    },
  }
  const estimate = (...shapes: readonly number[]): MemoryEstimate => {
    const state = initialParameters(parametersOf([objective]), 1)
    const steps = shapes.map((rows) => stepGraph(objective, { rows, length: 0, targets: 0 }))
    return estimateMemory({ held: 5000, state, stages: [steps], validation: 1000 })
  }

  it('grows with the batch in a straight line, and nothing else does', () => {
    const [one, two, five] = [estimate(100), estimate(200), estimate(500)]
    const slope = two.steps - one.steps
    // At least the input and what the gradient needs: [100, 8] and [100, 16].
    expect(slope).toBeGreaterThan(4 * 100 * (8 + 16))
    // At most ten times as much.
    expect(slope).toBeLessThan(10 * 4 * 100 * (8 + 16))
    expect(five.steps - two.steps).toBeCloseTo(3 * slope, 3)
    expect({ ...five, steps: 0, total: 0 }).toEqual({ ...one, steps: 0, total: 0 })
  })

  it('counts the gradient of every parameter and what its optimizer remembers', () => {
    const state = initialParameters(parametersOf([objective]), 1)
    const parameters = (): number => estimateMemory({ held: 0, state, stages: [], validation: 0 }).parameters
    const size = 4 * 8 * 16
    expect(parameters()).toBe(size)
    prepareOptimizer(state, sgd(), ['weight'])
    expect(parameters()).toBe(size)
    prepareOptimizer(state, adam(), ['weight'])
    expect(parameters()).toBe(3 * size)
  })

  it('counts every compiled step, since each keeps what it has', () => {
    expect(estimate(100, 200).steps).toBeCloseTo(estimate(100).steps + estimate(200).steps, 3)
  })

  it('adds up', () => {
    const { total, ...parts } = estimate(10)
    expect([parts.held, parts.validation]).toEqual([5000, 1000])
    expect(total).toBe(Object.values(parts).reduce((sum, bytes) => sum + bytes, 0))
    expect(Object.values(parts).filter((bytes) => !(bytes >= 0))).toEqual([])
  })
})
