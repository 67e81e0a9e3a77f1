/** @file The nearest items of each item by cosine (eq. 1), exact, in blocked products: some items against all of them, never items x items. */
import type { FeatureTable } from '../../dataset/schema.ts'
import { matmul } from '../../tensor/linear.ts'
import { input, integers, operations, type Tensor } from '../../tensor/node.ts'
import type { Compute } from '../contract/model.ts'

/** Each item's neighbors: item i has the places [i * count, (i + 1) * count). */
export interface Neighbors {
  readonly count: number
  /** [items + 1, count], nearest first; zeros in the rows of items without a vector. */
  readonly items: Int32Array
}

/** Scores of one block of items against all: 128 MB. */
const blockScores = 2 ** 25

/**
 * The `count` items of the highest cosine of each item that has a vector, among those that have one; fewer where there are fewer.
 * The item itself comes first, as its cosine is the highest, and items of the same cosine by their index (R-S2).
 * Vectors must not be zero. Time grows with the square of the items, memory with items x width.
 */
export async function nearestByCosine(table: FeatureTable, count: number, compute: Compute): Promise<Neighbors> {
  const items = itemsWithVector(table)
  const unit = unitVectors(table, items)
  const { width } = table
  const kept = Math.min(count, items.length)
  const neighbors = new Int32Array(table.present.length * kept)
  const block = Math.min(items.length, Math.ceil(blockScores / items.length))
  const cosines = matmul(input('some', [block, width]), input('all', [items.length, width]), { transposeB: true })
  await using program = await compute({ nearest: highestColumns(cosines, kept) })
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

/** The vectors of some items, [items, width], each of length 1. */
function unitVectors({ vectors, width }: FeatureTable, items: Int32Array): Float32Array {
  const unit = new Float32Array(items.length * width)
  for (const [place, item] of items.entries()) {
    const vector = vectors.subarray(item * width, (item + 1) * width)
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
    for (let at = 0; at < width; at++) unit[place * width + at] = (vector[at] as number) / length
  }
  return unit
}

/** The columns of the highest values of each row, highest first, ties by column: x [R, C] -> [R, count] int64. */
function highestColumns(x: Tensor, count: number): Tensor {
  const shape = [x.shape[0] as number, count]
  const [, columns] = operations('TopK', { inputs: [x, integers([count])], shapes: [shape, shape], dtype: 'int64' })
  return columns as Tensor
}

/** Rounding, or an equal vector, may have put the item itself after others, or out of the list. */
function ownFirst(own: number, nearest: BigInt64Array): number[] {
  const others = Array.from(nearest, Number).filter((place) => place !== own)
  return [own, ...others].slice(0, nearest.length)
}
