import { describe, expect, it } from 'vitest'
import { evaluateGradients, evaluateTensor } from '../testing/evaluate-tensor.ts'
import { add, exp, mul, square } from './elementwise.ts'
import { gradients } from './gradient.ts'
import { input, parameter, stopGradient, type Tensor, withGradient } from './node.ts'
import { sum } from './reduce.ts'

const x = parameter('x', [2], () => {})
const y = parameter('y', [2], () => {})
const feeds = { x: Float32Array.of(1, 2), y: Float32Array.of(3, 4) }

describe('gradients', () => {
  it('adds up every path from a parameter to the loss', async () => {
    const shared = mul(x, y)
    // x y + x (x y) + x: derivative y + 2 x y + 1 by x, x + x^2 by y.
    const loss = sum(add(add(shared, mul(x, shared)), x))
    const result = await evaluateGradients(loss, [x, y], feeds)
    expect(result).toMatchObject({
      loss: 1 * 3 + 1 * 3 + 1 + (2 * 4 + 2 * 8 + 2),
      gradients: { x: [3 + 6 + 1, 4 + 16 + 1], y: [2, 6] },
    })
  })

  it('gives a parameter that is the loss itself a gradient of one', async () => {
    const alone = parameter('alone', [1], () => {})
    expect(await evaluateGradients(alone, [alone], { alone: Float32Array.of(5) })).toMatchObject({
      loss: 5,
      gradients: { alone: [1] },
    })
  })

  it('passes through a chain too deep for recursion', async () => {
    let deep: Tensor = x
    for (let step = 0; step < 20_000; step++) deep = add(deep, 0)
    const result = gradients(sum(deep), [x])
    expect(result.get(x)!.dense!.shape).toEqual([2])
  })

  it('makes no gradient of what needs none', () => {
    let asked = 0
    const watched = withGradient(exp(input('data', [2])), [input('data', [2])], (g) => {
      asked++
      return [g]
    })
    gradients(sum(mul(watched, x)), [x])
    expect(asked).toBe(0)
  })

  it('refuses a loss that is not a scalar', () => {
    expect(() => gradients(mul(x, 2), [x])).toThrow('the loss has shape [2], not a scalar')
  })

  it('names a parameter that does not reach the loss', () => {
    expect(() => gradients(sum(x), [x, y])).toThrow('parameter "y" does not reach the loss')
  })
})

describe('stopGradient and withGradient', () => {
  it('holds a path back and keeps its value', async () => {
    const loss = sum(mul(x, stopGradient(x)))
    expect(await evaluateGradients(loss, [x], feeds)).toMatchObject({ loss: 5, gradients: { x: [1, 2] } })
    expect(() => gradients(sum(stopGradient(x)), [x])).toThrow('parameter "x" does not reach the loss')
  })

  it('takes the rule it is given in place of the chain rule', async () => {
    const clipped = withGradient(square(x), [x], (g) => [mul(g, 7)])
    expect(await evaluateGradients(sum(clipped), [x], feeds)).toMatchObject({ loss: 5, gradients: { x: [7, 7] } })
  })

  it('stands for its tensor in a graph, also for a bare leaf', async () => {
    expect(await evaluateTensor(stopGradient(stopGradient(x)), feeds)).toEqual([1, 2])
  })
})
