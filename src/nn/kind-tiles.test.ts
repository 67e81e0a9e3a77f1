import { describe, expect, it } from 'vitest'
import { randomStream } from '../random/stream.ts'
import { input, parameter } from '../tensor/node.ts'
import { evaluateGradients, evaluateTensor } from '../testing/evaluate-tensor.ts'
import { kindTiles } from './kind-tiles.ts'

const [width, kinds] = [2, 3]
const random = randomStream(1, 'kinds')
const numbers = (length: number): number[] => Array.from({ length }, () => random.normal())
const matrices = Array.from({ length: kinds }, () => numbers(width))

/** Rows of given kinds, `kinds` for none, each times the vector of its kind: the products, and the gradient of rows. */
async function multiplied(of: readonly number[]) {
  const x = parameter('x', [of.length, width], () => {})
  const tiles = kindTiles(input('kind', [of.length], 'int64'), kinds)
  const product_N1 = tiles.untiled(tiles.tiled(x.mul(1)).matmul(tiles.ofKinds(input('w', [kinds, width, 1]))))
  const values = numbers(of.length * width)
  const feeds = {
    x: Float32Array.from(values),
    w: Float32Array.from(matrices.flat()),
    kind: BigInt64Array.from(of, BigInt),
    known: Float32Array.from(of, (kind) => (kind < kinds ? 1 : 0)),
  }
  const known_N1 = input('known', [of.length, 1])
  const found = await evaluateTensor(product_N1.mul(known_N1), feeds)
  const { gradients } = await evaluateGradients(product_N1.mul(known_N1).sum(), [x], feeds)
  return { values, found, gradient: [...(gradients['x'] ?? [])] }
}

describe('rows in tiles of one kind', () => {
  it.each([
    ['few, of all kinds and of none', [2, 0, 3, 1, 0, 2, 2]],
    ['of one kind', Array.from({ length: 40 }, () => 1)],
    ['of none', [3, 3]],
    ['one more of each than tiles have places', Array.from({ length: 17 * kinds }, (_, at) => at % kinds)],
    ['many', Array.from({ length: 700 }, () => random.integer(kinds + 1))],
  ])('meet the matrix of their own kind: %s', async (_, of) => {
    const { values, found, gradient } = await multiplied(of)
    for (const [row, kind] of of.entries()) {
      const matrix = matrices[kind] ?? [0, 0]
      const [a, b] = values.slice(row * width, (row + 1) * width) as [number, number]
      expect(found[row]).toBeCloseTo(a * (matrix[0] as number) + b * (matrix[1] as number), 5)
      expect(gradient[row * width]).toBeCloseTo(matrix[0] as number, 6)
      expect(gradient[row * width + 1]).toBeCloseTo(matrix[1] as number, 6)
    }
  })
})
