import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectClose } from '../../test/conformance/op/check-operator.ts'
import { buildGraph } from '../onnx/graph.ts'
import { randomStream } from '../random/stream.ts'
import { compile } from '../runtime/node.ts'
import { evaluateGradients, evaluateTensor, type Feeds } from '../testing/evaluate-tensor.ts'
import { mul } from './elementwise.ts'
import { gradients } from './gradient.ts'
import { constant, parameter } from './node.ts'
import { sum } from './reduce.ts'
import {
  type LayoutTensor,
  type SparseMatrix,
  sparseLayout,
  sparseProduct,
  sparseProducts,
  transposed,
} from './sparse-product.ts'

type Entry = readonly [row: number, column: number, value: number]

function sparse(rows: number, columns: number, entries: readonly Entry[]): SparseMatrix {
  const sorted = [...entries].sort((a, b) => a[0] - b[0])
  const start = new Int32Array(rows + 1)
  for (const [row] of sorted) for (let after = row + 1; after <= rows; after++) start[after] = start[after]! + 1
  return {
    rows,
    columns,
    start,
    column: Int32Array.from(sorted, (entry) => entry[1]),
    value: Float32Array.from(sorted, (entry) => entry[2]),
  }
}

const drawn = (size: number, seed: number): Float32Array => {
  const random = randomStream(seed)
  return Float32Array.from({ length: size }, () => random.normal())
}
const feedsOf = (layout: Readonly<Record<string, LayoutTensor>>): Feeds =>
  Object.fromEntries(Object.entries(layout).map(([name, { data }]) => [name, data]))

/** The entries, one by one: A x, and A^T g where `turned`. */
function naive(rows: number, entries: readonly Entry[], x: Float32Array, size: number, turned = false): number[] {
  const product: number[] = Array.from({ length: rows * size }, () => 0)
  for (const [row, column, value] of entries) {
    const [to, from] = turned ? [column, row] : [row, column]
    for (let at = 0; at < size; at++) product[to * size + at] = product[to * size + at]! + value * x[from * size + at]!
  }
  return product
}

async function expectExact(rows: number, columns: number, entries: readonly Entry[], size: number): Promise<void> {
  const layout = sparseLayout('graph', sparse(rows, columns, entries))
  const x = parameter('x', [columns, size], () => {})
  const [values, weights] = [drawn(columns * size, 1), drawn(rows * size, 2)]
  const made = sparseProduct('graph', layout)(x)
  expect(made.shape).toEqual([rows, size])
  const feeds = { ...feedsOf(layout), x: values }
  expectClose(await evaluateTensor(made, feeds), naive(rows, entries, values, size), 'value')
  const { gradients } = await evaluateGradients(sum(mul(made, constant(weights, [rows, size]))), [x], feeds)
  expectClose(gradients['x']!, naive(columns, entries, weights, size, true), 'gradient')
  const y = parameter('y', [rows, size], () => {})
  const turned = sparseProducts('graph', layout).transposed(y)
  expect(turned.shape).toEqual([columns, size])
  const others = { ...feedsOf(layout), y: weights }
  expectClose(await evaluateTensor(turned, others), naive(columns, entries, weights, size, true), 'transposed')
  const back = await evaluateGradients(sum(mul(turned, constant(values, [columns, size]))), [y], others)
  expectClose(back.gradients['y']!, naive(rows, entries, values, size), 'gradient of transposed')
}

describe('sparseProduct', () => {
  it('is the naive loop, in value and gradient, whatever the matrix', async () => {
    const matrices = fc
      .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
      .chain(([rows, columns]) =>
        fc.tuple(
          fc.constant([rows, columns] as const),
          fc.array(
            fc.tuple(
              fc.nat({ max: rows - 1 }),
              fc.nat({ max: columns - 1 }),
              fc.double({ min: -2, max: 2, noNaN: true }),
            ),
            { maxLength: 40 },
          ),
        ),
      )
    const property = fc.asyncProperty(matrices, ([[rows, columns], entries]) => expectExact(rows, columns, entries, 3))
    await expect(fc.assert(property, { numRuns: 15, seed: 5 })).resolves.toBeUndefined()
  })

  it('is exact for a row and a column of very high degree, and empty ones', async () => {
    const random = randomStream(8)
    const entries: Entry[] = [5, 5, 7].map((row) => [row, 9, 0.5])
    for (let at = 0; at < 700; at++) entries.push([at, 3, random.normal()], [4, at, random.normal()])
    await expect(expectExact(1000, 900, entries, 5)).resolves.toBeUndefined()
  })

  it('is exact where rows are multiplied in slices', async () => {
    const random = randomStream(9)
    const entries: Entry[] = Array.from({ length: 45_000 }, (_, at) => [
      at % 3000,
      random.integer(2000),
      random.normal(),
    ])
    await expect(expectExact(3000, 2000, entries, 64)).resolves.toBeUndefined()
  })

  it('gives the same bytes with one thread and with two', async () => {
    const random = randomStream(10)
    const entries: Entry[] = Array.from({ length: 20_000 }, () => [
      random.integer(500),
      Math.floor(500 * random.uniform() ** 3),
      random.normal(),
    ])
    const layout = sparseLayout('graph', sparse(500, 500, entries))
    const x = parameter('x', [500, 16], () => {})
    const product = sparseProduct('graph', layout)(x)
    const { dense } = gradients(sum(mul(product, product)), [x]).get(x)!
    const run = async (threads: number): Promise<Float32Array> => {
      const graph = buildGraph({ dense: dense! })
      await using program = await compile(graph, { threads })
      const feeds: Feeds = { ...feedsOf(layout), x: drawn(500 * 16, 3) }
      for (const name of graph.inputs.keys()) program.bind(name, feeds[name]!)
      await program.run()
      return Float32Array.from(program.outputs['dense'] as Float32Array)
    }
    expect(await run(1)).toEqual(await run(2))
  })

  it('may be used twice in one graph, its inputs declared once', async () => {
    const layout = sparseLayout(
      'graph',
      sparse(2, 2, [
        [0, 1, 2],
        [1, 0, 3],
      ]),
    )
    const times = sparseProduct('graph', layout)
    const x = parameter('x', [2, 1], () => {})
    expect(await evaluateTensor(times(times(x)), { ...feedsOf(layout), x: Float32Array.of(1, 10) })).toEqual([6, 60])
  })

  it('refuses a layout without its matrix', () => {
    expect(() => sparseProduct('other', {})).toThrow('the layout has no matrix "other.forward"')
  })
})

describe('sparseLayout', () => {
  it('puts rows of like length together, padded with zero weights', () => {
    // Row 0 has three entries, row 1 none, row 2 one, row 3 four.
    const matrix = sparse(4, 9, [
      [0, 1, 1],
      [0, 2, 2],
      [0, 3, 3],
      [2, 8, 4],
      [3, 5, 5],
      [3, 6, 6],
      [3, 7, 7],
      [3, 8, 8],
    ])
    const layout = sparseLayout('g', matrix)
    const forward = Object.entries(layout).filter(([name]) => name.startsWith('g.forward'))
    expect(forward.map(([name, { shape, data }]) => [name, shape, Array.from(data, Number)])).toEqual([
      ['g.forward.0.ids', [2, 1], [0, 8]],
      ['g.forward.0.weights', [2, 1, 1], [0, 4]],
      ['g.forward.1.ids', [2, 4], [1, 2, 3, 0, 5, 6, 7, 8]],
      ['g.forward.1.weights', [2, 1, 4], [1, 2, 3, 0, 5, 6, 7, 8]],
      ['g.forward.order', [4], [2, 0, 1, 3]],
    ])
  })

  it('needs no order where rows keep theirs', () => {
    const identity = sparse(
      3,
      3,
      [0, 1, 2].map((row): Entry => [row, row, 1]),
    )
    expect(Object.keys(sparseLayout('g', identity))).toEqual([
      'g.forward.0.ids',
      'g.forward.0.weights',
      'g.backward.0.ids',
      'g.backward.0.weights',
    ])
  })
})

it('transposed turns columns into rows, and back', () => {
  const matrix = sparse(2, 3, [
    [0, 0, 1],
    [0, 2, 2],
    [1, 2, 3],
  ])
  const turned = transposed(matrix)
  expect(turned).toEqual(
    sparse(3, 2, [
      [0, 0, 1],
      [2, 0, 2],
      [2, 1, 3],
    ]),
  )
  expect(transposed(turned)).toEqual(matrix)
})
