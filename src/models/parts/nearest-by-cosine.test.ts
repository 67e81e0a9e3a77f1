import { describe, expect, it } from 'vitest'
import type { FeatureTable } from '../../dataset/schema.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { compile } from '../../runtime/node.ts'
import { tinyDataset } from '../../testing/tiny-dataset.ts'
import type { Compute } from '../contract/model.ts'
import { nearestByCosine } from './nearest-by-cosine.ts'

const compute: Compute = (outputs) => compile(buildGraph(outputs), { threads: 2 })

/** The neighbors of items 1, 2, ... with these vectors, a list an item. */
async function nearest(vectors: readonly (readonly number[] | null)[], count: number): Promise<number[][]> {
  const { features } = tinyDataset({ events: [], items: vectors.length, features: { text: vectors } })
  const neighbors = await nearestByCosine(features.text as FeatureTable, count, compute)
  return Array.from({ length: vectors.length + 1 }, (_, item) => [
    ...neighbors.items.subarray(item * neighbors.count, (item + 1) * neighbors.count),
  ])
}

describe('nearestByCosine', () => {
  it('ranks by direction, whatever the length, the item itself first', async () => {
    // Angles of 0, 30, 80 and 180 degrees.
    const vectors = [
      [5, 0],
      [0.866, 0.5],
      [0.0174, 0.0985],
      [-3, 0],
    ]
    expect(await nearest(vectors, 3)).toEqual([
      [0, 0, 0],
      [1, 2, 3],
      [2, 1, 3],
      [3, 2, 1],
      [4, 3, 2],
    ])
  })

  it('puts items of one cosine by their index, but the item itself before its equals', async () => {
    const vectors = [
      [1, 1],
      [1, 1],
      [2, 2],
      [1, 1],
      [1, 0],
    ]
    expect(await nearest(vectors, 2)).toEqual([
      [0, 0],
      [1, 2],
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 1],
    ])
  })

  it('passes over items without a vector, and gives fewer neighbors where there are fewer items', async () => {
    expect(await nearest([[1, 0], null, [1, 1], null], 3)).toEqual([
      [0, 0],
      [1, 3],
      [0, 0],
      [3, 1],
      [0, 0],
    ])
  })

  it('is exact over several blocks, equal vectors in different blocks included', async () => {
    const [items, width, count] = [6001, 6, 8]
    const random = randomStream(4)
    const vectors = Float32Array.from({ length: (items + 1) * width }, () => random.normal())
    for (const equal of [3000, items]) vectors.copyWithin(equal * width, 7 * width, 8 * width)
    const present = new Uint8Array(items + 1).fill(1, 1)
    present[5] = 0
    const neighbors = await nearestByCosine({ width, vectors, present }, count, compute)
    const vector = (item: number): number[] => [...vectors.subarray(item * width, (item + 1) * width)]
    const dot = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((sum, value, at) => sum + value * b[at]!, 0)
    const row = (item: number): number[] => [...neighbors.items.subarray(item * count, (item + 1) * count)]
    for (const item of [1, 7, 2999, 3000, 5593, 5594, items]) {
      const own = vector(item)
      const cosine = (other: number): number => dot(own, vector(other)) / Math.sqrt(dot(vector(other), vector(other)))
      const others = Array.from({ length: items }, (_, index) => index + 1).filter(
        (other) => other !== 5 && other !== item,
      )
      expect(row(item)).toEqual([item, ...others.sort((a, b) => cosine(b) - cosine(a) || a - b).slice(0, count - 1)])
    }
    expect(row(5)).toEqual(Array(count).fill(0))
  })
})
