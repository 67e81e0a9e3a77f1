import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluateGradients, evaluateTensor } from '../../test/conformance/evaluate-tensor.ts'
import { expectClose } from '../../test/conformance/op/check-operator.ts'
import { differences } from '../../test/conformance/op/naive.ts'
import { randomStream } from '../random/stream.ts'
import { add, mul, square } from './elementwise.ts'
import { gather, lookup, rowsOf, selectRows } from './gather.ts'
import { gradients } from './gradient.ts'
import { constant, input, parameter, type Tensor } from './node.ts'
import { sum } from './reduce.ts'

const drawn = (size: number, seed: number): Float32Array => {
  const random = randomStream(seed)
  return Float32Array.from({ length: size }, () => random.normal())
}

describe('gather', () => {
  it('has, summed on the host, the gradient of finite differences, however ids repeat', async () => {
    const width = 3
    const ids = fc
      .oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 31, max: 34 }))
      .chain((items) =>
        fc.tuple(fc.constant(items), fc.array(fc.nat({ max: items - 1 }), { minLength: 1, maxLength: 12 })),
      )
    const property = fc.asyncProperty(ids, fc.nat(), async ([items, rows], seed) => {
      const table = parameter('table', [items, width], () => {})
      const values = drawn(items * width, seed)
      const weights = drawn(rows.length * width, seed + 1)
      const weighted = mul(
        square(gather(table, input('ids', [rows.length], 'int64'))),
        constant(weights, [rows.length, width]),
      )
      const feeds = { table: values, ids: BigInt64Array.from(rows, BigInt) }
      const { gradients } = await evaluateGradients(sum(weighted), [table], feeds)
      const loss = (x: readonly number[]): number =>
        rows.reduce(
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
    const [rows, items, width] = [4096, 5, 16]
    const table = parameter('table', [size, width], () => {})
    const ids = BigInt64Array.from({ length: rows }, (_, row) => BigInt(row % items))
    const loss = sum(gather(table, input('ids', [rows], 'int64')))
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
    const looked = gather(table, ids([0n, 2n, 2n, 1n], [2, 2]))
    expect(looked.shape).toEqual([2, 2, 2])
    const loss = add(add(sum(looked), mul(sum(gather(table, ids([2n], [1]))), 10)), sum(mul(table, 100)))
    const result = gradients(loss, [table]).get(table)!
    expect(result.sparse.map(({ rows }) => rows.shape)).toEqual(
      expect.arrayContaining([
        [4, 2],
        [1, 2],
      ]),
    )
    const { gradients: whole } = await evaluateGradients(loss, [table], { table: drawn(80, 2) })
    expect(whole['table']!.slice(0, 8)).toEqual([101, 101, 101, 101, 112, 112, 100, 100])
  })

  it('refuses an activation, whose sparse gradient would have nowhere to go', () => {
    expect(() =>
      gather(
        mul(
          parameter('table', [3, 2], () => {}),
          2,
        ),
        constant(BigInt64Array.of(0n), [1]),
      ),
    ).toThrow(
      'gather works on a parameter or an input; use lookup for rows of a computed table, selectRows for those of an activation',
    )
  })
})

describe('lookup', () => {
  it('has the gradient of a gather from the table it computes, however ids repeat', async () => {
    const [rows, items, width] = [4096, 7, 3]
    const table = parameter('table', [items, width], () => {})
    const ids = BigInt64Array.from({ length: rows }, (_, row) => BigInt((row * row) % items))
    const weights = constant(drawn(rows * width, 4), [64, 64, width])
    const loss = (take: typeof lookup): Tensor => sum(mul(take(table, input('ids', [64, 64], 'int64')), weights))
    const feeds = { table: drawn(items * width, 1), ids }
    const direct = await evaluateGradients(loss(gather), [table], feeds)
    const computed = await evaluateGradients(
      loss((x, at) => lookup(mul(x, 2), at)),
      [table],
      feeds,
    )
    expectClose(
      computed.gradients['table']!,
      direct.gradients['table']!.map((value) => 2 * value),
      'gradient',
    )
    expect(computed.loss).toBeCloseTo(2 * direct.loss, 3)
  })
})

describe('selectRows', () => {
  const x = parameter('x', [4, 2], () => {})
  const values = Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8])
  // Rows 3 and 1 are taken; rows 0 and 2 are not, which the inverse says with M = 2.
  const [rows, inverse] = [constant(BigInt64Array.of(3n, 1n), [2]), constant(BigInt64Array.of(2n, 1n, 2n, 0n), [4])]

  it('takes rows, whose gradient goes back to where they came from', async () => {
    const selected = selectRows(mul(x, 2), rows, inverse)
    expect(await evaluateTensor(selected, { x: values })).toEqual([14, 16, 6, 8])
    const loss = sum(mul(selected, constant(Float32Array.of(1, 2, 3, 4), [2, 2])))
    expect((await evaluateGradients(loss, [x], { x: values })).gradients['x']).toEqual([0, 0, 6, 8, 0, 0, 2, 4])
  })

  it('has no gradient as rowsOf', () => {
    expect(() => gradients(sum(rowsOf(mul(x, 2), rows)), [x])).toThrow('parameter "x" does not reach the loss')
  })
})
