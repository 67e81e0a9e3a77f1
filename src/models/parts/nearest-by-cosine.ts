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
  const kept = Math.min(count, items.length)
  const neighbors = new Int32Array(table.present.length * kept)
  await eachNearest({ some: unit, all: unit, width: table.width, count: kept }, compute, (place, nearest) => {
    for (const [rank, other] of ownFirst(place, nearest).entries())
      neighbors[(items[place] as number) * kept + rank] = items[other] as number
  })
  return { count: kept, items: neighbors }
}

/**
 * Finds the `count` items of the highest cosine for some items among others, both of which have vectors with a
 * direction: nearest first, items of the same cosine by their index.
 */
export async function nearestAmong(
  table: FeatureTable,
  { some, among, count }: { readonly some: Int32Array; readonly among: Int32Array; readonly count: number },
  compute: Compute,
): Promise<ReadonlyMap<number, readonly number[]>> {
  const found = new Map<number, readonly number[]>()
  if (some.length === 0 || among.length === 0) return found
  const vectors = { some: unitVectors(table, some), all: unitVectors(table, among), width: table.width }
  await eachNearest({ ...vectors, count: Math.min(count, among.length) }, compute, (place, nearest) =>
    found.set(
      some[place] as number,
      Array.from(nearest, (other) => among[Number(other)] as number),
    ),
  )
  return found
}

/** Vectors of length 1 whose nearest are asked for, and those that they are sought among, [n, width] each. */
interface Sought {
  readonly some: Float32Array
  readonly all: Float32Array
  readonly width: number
  readonly count: number
}

/** @param tell is told the places of the nearest of each, in order; some of them twice */
async function eachNearest(
  { some, all, width, count }: Sought,
  compute: Compute,
  tell: (place: number, nearest: BigInt64Array) => void,
): Promise<void> {
  const [asking, asked] = [some.length / width, all.length / width]
  const block = Math.min(asking, Math.ceil(blockScores / asked))
  const cosines = matmul(input('some', [block, width]), input('all', [asked, width]), { transposeB: true })
  await using program = await compute({ nearest: topK(cosines, count).places })
  program.bind('all', all)
  for (let next = 0; next < asking; next += block) {
    // The last block ends with the last item: it may begin before the one ahead of it has ended.
    const first = Math.min(next, asking - block)
    program.bind('some', some.subarray(first * width, (first + block) * width))
    await program.run()
    const nearest = program.outputs['nearest'] as BigInt64Array
    for (let row = 0; row < block; row++) tell(first + row, nearest.subarray(row * count, (row + 1) * count))
  }
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
