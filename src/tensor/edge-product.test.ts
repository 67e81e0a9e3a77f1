import { describe, expect, it } from 'vitest'
import { expectClose } from '../../test/conformance/op/check-operator.ts'
import { evaluateGradients, evaluateTensor } from '../testing/evaluate-tensor.ts'
import { edgeLayout, edgeProducts } from './edge-product.ts'
import { mul } from './elementwise.ts'
import { constant, input, parameter } from './node.ts'
import { sum } from './reduce.ts'

const [rows, columns, size] = [5, 4, 3]
/** Entries by rows: row, column, value. Rows 1 and 4 are empty; row 3 is the longest. */
const entries = [
  [0, 0, 2],
  [0, 2, 1],
  [2, 2, 3],
  [3, 0, 0],
  [3, 1, -4],
  [3, 2, 5],
  [3, 3, 0.5],
] as const
const layout = edgeLayout('graph', {
  rows,
  columns,
  start: Int32Array.of(0, 2, 2, 3, 7, 7),
  column: Int32Array.from(entries, ([, column]) => column),
})
const values = Float32Array.from([0, ...entries.map(([, , value]) => value)])
const drawn = (count: number): Float32Array => Float32Array.from({ length: count }, (_, at) => Math.sin(3 * at + 1))

/** A x, or A^T x, entry by entry. */
function naive(edges: Float32Array, x: Float32Array, isTurned: boolean): number[] {
  const product: number[] = Array.from({ length: (isTurned ? columns : rows) * size }, () => 0)
  for (const [entry, [row, column]] of entries.entries())
    for (let at = 0; at < size; at++) {
      const [to, from] = isTurned ? [column, row] : [row, column]
      product[to * size + at] = product[to * size + at]! + edges[1 + entry]! * x[from * size + at]!
    }
  return product
}

describe('edgeProducts', () => {
  const products = edgeProducts('graph', layout)
  const edges = input('edges', [values.length])
  const given = Object.fromEntries(Object.entries(layout).map(([name, { data }]) => [name, data]))

  it.each([
    ['A x', false],
    ['its transpose', true],
  ])('is the naive loop over the values that it is given, in value and gradient: %s', async (_, isTurned) => {
    const [to, from] = isTurned ? [columns, rows] : [rows, columns]
    const x = parameter('x', [from, size], () => {})
    const made = products(edges)[isTurned ? 'transposed' : 'times'](x)
    const [read, weights] = [drawn(from * size), drawn(to * size)]
    const feeds = { ...given, x: read, edges: values }
    expectClose(await evaluateTensor(made, feeds), naive(values, read, isTurned), 'value')
    const { gradients } = await evaluateGradients(sum(mul(made, constant(weights, [to, size]))), [x], feeds)
    expectClose(gradients['x']!, naive(values, weights, !isTurned), 'gradient')
  })

  it('leaves an entry out whose value is 0', async () => {
    const some = values.with(2, 0)
    const x = drawn(columns * size)
    const made = products(edges).times(input('x', [columns, size]))
    expectClose(await evaluateTensor(made, { ...given, x, edges: some }), naive(some, x, false), 'value')
    expect(naive(some, x, false)).not.toEqual(naive(values, x, false))
  })
})
