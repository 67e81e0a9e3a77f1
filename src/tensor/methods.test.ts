import { describe, expect, expectTypeOf, it } from 'vitest'
import { operationsOf } from '../onnx/graph.ts'
import { evaluateTensor } from '../testing/evaluate-tensor.ts'
import { add, div, mul } from './elementwise.ts'
import { constant, input, integers, parameter, type Tensor } from './node.ts'
import { norm, sum } from './reduce.ts'

const x = input('x', [2, 2])
const feeds = { x: Float32Array.of(3, 4, 0, 2) }

describe('methods of tensors', () => {
  it('are the operators, with the tensor first', async () => {
    const read = x
      .div(x.norm(-1))
      .rows(integers([1, 0]))
      .matmul(x, { transposeB: true })
    expect(await evaluateTensor(read, feeds)).toEqual([4, 2, 5, expect.closeTo(1.6)])
    const types = (tensor: Tensor) => operationsOf([tensor]).map(({ type }) => type)
    expect(types(sum(div(mul(add(x, 1), x), norm(x)), -1, { keep: true }))).toEqual(
      types(x.add(1).mul(x).div(x.norm()).sum(-1, { keep: true })),
    )
  })

  it('are typed as the operators are', () => {
    expectTypeOf(x.sum).parameter(0).toEqualTypeOf<number | readonly number[] | undefined>()
    expectTypeOf(x.topK(1)).toEqualTypeOf<{ readonly values: Tensor; readonly places: Tensor }>()
  })

  it('belong to leaves, to what operators make, and to what has a gradient of its own', () => {
    const made = [parameter('p', [1], () => {}), constant(Float32Array.of(1), [1]), x.neg(), x.stopGradient()]
    expect(made.every((tensor) => typeof tensor.add === 'function')).toBe(true)
  })

  it('are no part of what a tensor holds', () => {
    expect(Object.keys(x)).toEqual(['shape', 'dtype', 'origin'])
    expect(x).toEqual({ shape: [2, 2], dtype: 'float32', origin: { kind: 'input', name: 'x' } })
    expect(structuredClone(x)).toEqual(x)
    expect({ ...x, shape: [4] }).toEqual({ shape: [4], dtype: 'float32', origin: x.origin })
  })
})
