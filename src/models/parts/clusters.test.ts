import { describe, expect, it } from 'vitest'
import type { FeatureTable } from '../../dataset/schema.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { compile } from '../../runtime/node.ts'
import type { Compute } from '../contract/model.ts'
import { clusterItems } from './clusters.ts'

const compute: Compute = (outputs) => compile(buildGraph(outputs), { threads: 2 })

/** Items 1, 2, ... with these vectors; undefined where an item has none. */
function tableOf(rows: readonly (readonly number[] | undefined)[], width: number): FeatureTable {
  const table = {
    width,
    vectors: new Float32Array((rows.length + 1) * width),
    present: new Uint8Array(rows.length + 1),
  }
  for (const [index, row] of rows.entries()) {
    if (!row) continue
    table.vectors.set(row, (index + 1) * width)
    table.present[index + 1] = 1
  }
  return table
}

const clusters = async (table: FeatureTable, count: number, seed = 1): Promise<number[]> => [
  ...(await clusterItems(table, { count, random: randomStream(seed) }, compute)),
]

/** Clusters by the order in which they first appear. */
function renamed(members: readonly number[]): number[] {
  const seen = [...new Set(members.filter((cluster) => cluster >= 0))]
  return members.map((cluster) => seen.indexOf(cluster))
}

describe('clusterItems', () => {
  it('finds planted blobs far from the origin, whatever the seed', async () => {
    const random = randomStream(5)
    const [blobs, width] = [6, 8]
    const middles = Array.from({ length: blobs }, () => Array.from({ length: width }, () => 100 + 3 * random.normal()))
    const rows = Array.from({ length: 300 }, (_, at) =>
      middles[at % blobs]!.map((value) => value + 0.2 * random.normal()),
    )
    const table = tableOf(rows, width)
    for (const seed of [1, 2, 3])
      expect(renamed(await clusters(table, blobs, seed))).toEqual([-1, ...rows.map((_, at) => at % blobs)])
  })

  it('moves centers to a place where no point has a nearer one', async () => {
    const random = randomStream(6)
    const rows = Array.from({ length: 200 }, () => [random.normal(), random.normal(), random.normal()])
    const members = (await clusters(tableOf(rows, 3), 7)).slice(1)
    const means = Array.from({ length: 7 }, (_, cluster) => {
      const own = rows.filter((_, at) => members[at] === cluster)
      return [0, 1, 2].map((axis) => own.reduce((sum, row) => sum + row[axis]!, 0) / own.length)
    })
    const distance = (row: readonly number[], mean: readonly number[]): number =>
      row.reduce((sum, x, axis) => sum + (x - mean[axis]!) ** 2, 0)
    const nearest = rows.map((row) =>
      means.map((mean) => distance(row, mean)).reduce((best, d, at, all) => (d < all[best]! ? at : best), 0),
    )
    expect(members).toEqual(nearest)
  })

  it('leaves items without a vector out', async () => {
    expect(renamed(await clusters(tableOf([[0, 1], undefined, [9, 9], [0, 1.1]], 2), 2))).toEqual([-1, 0, -1, 1, 0])
  })

  it('has no empty cluster, were all vectors the same', async () => {
    const equal = Array.from({ length: 5 }, () => [0.3, 0.7])
    expect(new Set(await clusters(tableOf(equal, 2), 4))).toEqual(new Set([-1, 0, 1, 2, 3]))
    expect(new Set(await clusters(tableOf(equal, 2), 5))).toEqual(new Set([-1, 0, 1, 2, 3, 4]))
  })

  it('repeats itself by its seed', async () => {
    const random = randomStream(7)
    const table = tableOf(
      Array.from({ length: 400 }, () => Array.from({ length: 4 }, () => random.normal())),
      4,
    )
    const [first, again, other] = [
      await clusters(table, 9, 1),
      await clusters(table, 9, 1),
      await clusters(table, 9, 2),
    ]
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })
})
