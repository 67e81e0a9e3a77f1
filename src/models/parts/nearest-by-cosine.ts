/**
 * @file The nearest items of each item by cosine, exact, in blocked products: some items against all of them, never
 * items x items.
 */
import type { FeatureTable } from '../../dataset/schema.ts'
import { topK } from '../../tensor/largest.ts'
import { matmul } from '../../tensor/linear.ts'
import { input } from '../../tensor/node.ts'
import type { Compute } from '../contract/model.ts'
import { unitVectors } from './unit-vectors.ts'

/** Each item's neighbors: item i has the places [i * count, (i + 1) * count). */
export interface Neighbors {
  readonly count: number
  /** [items + 1, count], nearest first; zeros in the rows of items without a vector. */
  readonly items: Int32Array
}

/** Scores of one block of items against all: 128 MB. */
export const blockScores = 2 ** 25

/**
 * Finds the `count` items of the highest cosine for each item that has a vector, among the items that have one. There
 * are fewer neighbors where there are fewer items. The item itself comes first, and items of the same cosine go by
 * their index (R-S2). Vectors must not be zero. Time grows with the square of the items, memory with items x width.
 */
export async function nearestByCosine(table: FeatureTable, count: number, compute: Compute): Promise<Neighbors> {
  const items = itemsWithVector(table)
  const unit = unitVectors(table, items)
  const { width } = table
  const kept = Math.min(count, items.length)
  const neighbors = new Int32Array(table.present.length * kept)
  const block = Math.min(items.length, Math.ceil(blockScores / items.length))
  const cosines = matmul(input('some', [block, width]), input('all', [items.length, width]), { transposeB: true })
  await using program = await compute({ nearest: topK(cosines, kept).places })
  program.bind('all', unit)
  for (let next = 0; next < items.length; next += block) {
    // The last block ends with the last item: it may begin before the one ahead of it has ended.
    const first = Math.min(next, items.length - block)
    program.bind('some', unit.subarray(first * width, (first + block) * width))
    await program.run()
    const nearest = program.outputs['nearest'] as BigInt64Array
    for (let row = 0; row < block; row++) {
      const own = ownFirst(first + row, nearest.subarray(row * kept, (row + 1) * kept))
      for (const [rank, place] of own.entries())
        neighbors[(items[first + row] as number) * kept + rank] = items[place] as number
    }
  }
  return { count: kept, items: neighbors }
}

/** The items that have a vector, ascending. */
export function itemsWithVector({ present }: FeatureTable): Int32Array {
  return Int32Array.from(present.keys()).filter((item) => present[item] === 1)
}

/** Rounding, or an equal vector, may have put the item itself after others, or out of the list. */
function ownFirst(own: number, nearest: BigInt64Array): number[] {
  const others = Array.from(nearest, Number).filter((place) => place !== own)
  return [own, ...others].slice(0, nearest.length)
}
