import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectClose } from '../../test/conformance/op/check-operator.ts'
import { differences } from '../../test/conformance/op/naive.ts'
import { operationsOf } from '../onnx/graph.ts'
import { randomStream } from '../random/stream.ts'
import { evaluateGradients, evaluateTensor } from '../testing/evaluate-tensor.ts'
import { add, mul, square } from './elementwise.ts'
import { gradients } from './gradient.ts'
import { constant, input, integers, type Operation, parameter, type Tensor } from './node.ts'
import { sum } from './reduce.ts'
import { rows, rowsWithin } from './rows.ts'

const drawn = (size: number, seed: number): Float32Array => {
  const random = randomStream(seed)
  return Float32Array.from({ length: size }, () => random.normal())
}

describe('rows of a parameter', () => {
  it('has, summed on the host, the gradient of finite differences, however ids repeat', async () => {
    const width = 3
    const ids = fc
      .oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 31, max: 34 }))
      .chain((items) =>
        fc.tuple(fc.constant(items), fc.array(fc.nat({ max: items - 1 }), { minLength: 1, maxLength: 12 })),
      )
    const property = fc.asyncProperty(ids, fc.nat(), async ([items, drawnIds], seed) => {
      const table = parameter('table', [items, width], () => {})
      const values = drawn(items * width, seed)
      const weights = drawn(drawnIds.length * width, seed + 1)
      const weighted = mul(
        square(rows(table, input('ids', [drawnIds.length], 'int64'))),
        constant(weights, [drawnIds.length, width]),
      )
      const feeds = { table: values, ids: BigInt64Array.from(drawnIds, BigInt) }
      const { gradients } = await evaluateGradients(sum(weighted), [table], feeds)
      const loss = (x: readonly number[]): number =>
        drawnIds.reduce(
          (total, id, row) =>
            total + [0, 1, 2].reduce((part, j) => part + weights[row * width + j]! * x[id * width + j]! ** 2, 0),
          0,
        )
      const [expected] = differences(([x]) => loss(x!.values), [{ shape: [items, width], values: Array.from(values) }])
      expectClose(gradients['table']!, expected!, 'gradient')
    })
    await expect(fc.assert(property, { numRuns: 20, seed: 3 })).resolves.toBeUndefined()
  })

  it.each([5, 32, 33])('adds the rows of many repeats in a table of %i without a race', async (size) => {
    const [count, items, width] = [4096, 5, 16]
    const table = parameter('table', [size, width], () => {})
    const ids = BigInt64Array.from({ length: count }, (_, row) => BigInt(row % items))
    const loss = sum(rows(table, input('ids', [count], 'int64')))
    expect(gradients(loss, [table]).get(table)!.sparse).toHaveLength(size > 32 ? 1 : 0)
    const { gradients: given } = await evaluateGradients(loss, [table], { table: drawn(size * width, 1), ids })
    const rowOf = (row: number): number[] => given['table']!.slice(row * width, (row + 1) * width)
    expect(rowOf(0)).toEqual(Array(width).fill(820))
    expect(rowOf(items - 1)).toEqual(Array(width).fill(819))
  })

  it('takes ids of any shape, two lookups of one table, and a dense use beside them', async () => {
    const table = parameter('table', [40, 2], () => {})
    const ids = (values: readonly bigint[], shape: readonly number[]): Tensor =>
      constant(BigInt64Array.from(values), shape)
    const looked = rows(table, ids([0n, 2n, 2n, 1n], [2, 2]))
    expect(looked.shape).toEqual([2, 2, 2])
    const loss = add(add(sum(looked), mul(sum(rows(table, ids([2n], [1]))), 10)), sum(mul(table, 100)))
    const result = gradients(loss, [table]).get(table)!
    expect(result.sparse.map((part) => part.rows.shape)).toEqual(
      expect.arrayContaining([
        [2, 2, 2],
        [1, 2],
      ]),
    )
    const { gradients: whole } = await evaluateGradients(loss, [table], { table: drawn(80, 2) })
    expect(whole['table']!.slice(0, 8)).toEqual([101, 101, 101, 101, 112, 112, 100, 100])
  })
})

describe('rows of a computed tensor', () => {
  it('have the gradient of rows of the parameter it is computed from, however ids repeat', async () => {
    const [count, items, width] = [4096, 7, 3]
    const table = parameter('table', [items, width], () => {})
    const ids = BigInt64Array.from({ length: count }, (_, row) => BigInt((row * row) % items))
    const weights = constant(drawn(count * width, 4), [64, 64, width])
    const loss = (from: Tensor): Tensor => sum(mul(rows(from, input('ids', [64, 64], 'int64')), weights))
    const feeds = { table: drawn(items * width, 1), ids }
    const direct = await evaluateGradients(loss(table), [table], feeds)
    const computed = await evaluateGradients(loss(mul(table, 2)), [table], feeds)
    expectClose(
      computed.gradients['table']!,
      direct.gradients['table']!.map((value) => 2 * value),
      'gradient',
    )
    expect(computed.loss).toBeCloseTo(2 * direct.loss, 3)
  })

  it('may be tables of any rank', async () => {
    const table = parameter('table', [3, 2, 2], () => {})
    const read = rows(mul(table, 2), integers([2, 0, 2]))
    expect(read.shape).toEqual([3, 2, 2])
    const { gradients: given } = await evaluateGradients(sum(read), [table], { table: drawn(12, 1) })
    expect(given['table']).toEqual([2, 2, 2, 2, 0, 0, 0, 0, 4, 4, 4, 4])
  })

  it('cost nothing where no gradient is asked for: the graph is one gather', () => {
    const read = rows(
      mul(
        parameter('x', [4, 2], () => {}),
        2,
      ),
      integers([1, 1]),
    )
    expect(operationsOf([read]).map(({ type }) => type)).toEqual(['Mul', 'Gather'])
  })
})

describe('rows with an inverse', () => {
  const x = parameter('x', [4, 2], () => {})
  const values = Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8])
  // Rows 3 and 1 are taken; rows 0 and 2 are not, which the inverse says with 2, the number of rows taken.
  const [ids, inverse] = [integers([3, 1]), integers([2, 1, 2, 0])]
  const weights = constant(Float32Array.of(1, 2, 3, 4), [2, 2])

  it.each([
    ['a computed tensor', mul(x, 2), 2],
    ['a parameter', x, 1],
  ])('of %s have a gradient that goes back to where they came from', async (_, from, factor) => {
    const selected = rows(from, ids, { inverse })
    expect(await evaluateTensor(selected, { x: values })).toEqual([7, 8, 3, 4].map((value) => factor * value))
    const loss = sum(mul(selected, weights))
    expect(operationsOf([gradients(loss, [x]).get(x)!.dense!]).map(({ type }) => type)).not.toContain('CumSum')
    const { gradients: given } = await evaluateGradients(loss, [x], { x: values })
    expect(given['x']).toEqual([0, 0, 3, 4, 0, 0, 1, 2].map((value) => factor * value))
  })
})

it('has no gradient for rows of an input', () => {
  const weight = parameter('weight', [2], () => {})
  const read = rows(input('vectors', [3, 2]), integers([1, 1]))
  expect((read.origin as Operation).gradient).toBeUndefined()
  expect(gradients(sum(mul(read, weight)), [weight]).get(weight)?.sparse).toEqual([])
})

describe('rows within each of several', () => {
  const x = input('x', [2, 3, 2])
  const feeds = { x: Float32Array.from({ length: 12 }, (_, at) => at) }

  it('reads each by places of its own', async () => {
    const places = integers([2, 0, 1, 1]).reshape([2, 2])
    expect(Array.from(await evaluateTensor(rowsWithin(x, places), feeds))).toEqual([4, 5, 0, 1, 8, 9, 8, 9])
  })

  it('hands the gradient back, by an inverse as without one', async () => {
    const table = parameter('table', [2, 3, 2], () => {})
    const [places, inverse] = [integers([2, 0, 1, 0, 1, 2]), integers([1, 2, 0, 0, 1, 2])].map((one) =>
      one.reshape([2, 3]),
    )
    const weight = input('x', [2, 3, 2])
    const lossBy = (options?: { readonly inverse: Tensor }): Tensor =>
      sum(mul(rowsWithin(mul(table, 2), places!, options), weight))
    const fed = { ...feeds, table: new Float32Array(12) }
    const [by, without] = await Promise.all(
      [{ inverse: inverse! }, undefined].map((options) => evaluateGradients(lossBy(options), [table], fed)),
    )
    expect(Array.from(by!.gradients['table']!)).toEqual([4, 6, 8, 10, 0, 2, 12, 14, 16, 18, 20, 22])
    expect(without).toEqual(by)
  })
})
