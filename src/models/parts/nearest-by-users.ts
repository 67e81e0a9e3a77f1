/** @file The nearest items of each item by cosine over the users who touched both; sparse, never items x items. */
import { quickselect } from 'simple-statistics'
import type { SparseMatrix } from '../../tensor/sparse-product.ts'
import { countSharedUsers } from './co-occurrence.ts'

/** Each item's neighbors, nearest first: item i has the places [start[i], start[i + 1]) of the other two arrays. */
export interface Neighbors {
  /** [items + 2] */
  readonly start: Int32Array
  readonly neighbor: Int32Array
  /** Cosine, in (0, 1]. */
  readonly similarity: Float32Array
}

/**
 * cos(i, j) = |U_i and U_j| / sqrt(|U_i| |U_j|), where U_i are the users who touched item i. The best k neighbors of
 * each item are kept; ties go by item index. Time grows with the sum of squares of the users' item counts, memory with
 * items x k.
 * @param itemsOf the items that each user touched, see `touchedItems`
 * @param counted is told how many items are done
 */
export function nearestByUsers(
  itemsOf: SparseMatrix,
  k: number,
  counted?: (done: number, all: number) => void,
): Neighbors {
  const degrees = new Int32Array(itemsOf.columns)
  for (const item of itemsOf.column) degrees[item] = (degrees[item] as number) + 1
  const start = new Int32Array(itemsOf.columns + 1)
  const neighbor: number[] = []
  const similarity: number[] = []
  countSharedUsers(itemsOf, (item, others, shared) => {
    const cosines = others.map(
      (other) => (shared[other] as number) / Math.sqrt((degrees[item] as number) * (degrees[other] as number)),
    )
    for (const at of best(others, cosines, k)) {
      neighbor.push(others[at] as number)
      similarity.push(cosines[at] as number)
    }
    start[item + 1] = neighbor.length
    counted?.(item, itemsOf.columns - 1)
  })
  return { start, neighbor: Int32Array.from(neighbor), similarity: Float32Array.from(similarity) }
}

/** The places of the k highest values, highest first, ties by item. */
export function best(items: readonly number[], values: readonly number[], k: number): number[] {
  const places = values.map((_, at) => at)
  const byValue = (a: number, b: number): number =>
    (values[b] as number) - (values[a] as number) || (items[a] as number) - (items[b] as number)
  if (values.length <= k) return places.sort(byValue)
  // Selecting the k-th value is linear; only what reaches it is sorted.
  const selected = [...values]
  quickselect(selected, values.length - k)
  const threshold = selected[values.length - k] as number
  return places
    .filter((at) => (values[at] as number) >= threshold)
    .sort(byValue)
    .slice(0, k)
}
