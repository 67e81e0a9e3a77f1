/** @file The nearest items of each item by cosine over the users who touched both; sparse, never items x items. */
import { quickselect } from 'simple-statistics'

/** Each item's neighbors, nearest first: item i has the places [start[i], start[i + 1]) of the other two arrays. */
export interface Neighbors {
  /** [items + 2] */
  readonly start: Int32Array
  readonly neighbor: Int32Array
  /** Cosine, in (0, 1]. */
  readonly similarity: Float32Array
}

/**
 * cos(i, j) = |U_i and U_j| / sqrt(|U_i| |U_j|), U_i the users who touched item i; the best k neighbors of each item are kept, ties by
 * item index. Time grows with the sum of squares of the users' item counts, memory with items x k.
 * @param itemsOf the distinct items of each user
 */
export function nearestItems(itemsOf: readonly (readonly number[])[], itemCount: number, k: number): Neighbors {
  const { start: userStart, users } = usersOf(itemsOf, itemCount)
  const shared = new Int32Array(itemCount + 1)
  const start = new Int32Array(itemCount + 2)
  const neighbor: number[] = []
  const similarity: number[] = []
  const degree = (item: number): number => (userStart[item + 1] as number) - (userStart[item] as number)
  for (let item = 1; item <= itemCount; item++) {
    const met: number[] = []
    for (let at = userStart[item] as number; at < (userStart[item + 1] as number); at++) {
      for (const other of itemsOf[users[at] as number] as readonly number[]) {
        if (other === item) continue
        if (shared[other] === 0) met.push(other)
        shared[other] = (shared[other] as number) + 1
      }
    }
    const cosines = met.map((other) => (shared[other] as number) / Math.sqrt(degree(item) * degree(other)))
    for (const other of met) shared[other] = 0
    for (const at of best(met, cosines, k)) {
      neighbor.push(met[at] as number)
      similarity.push(cosines[at] as number)
    }
    start[item + 1] = neighbor.length
  }
  return { start, neighbor: Int32Array.from(neighbor), similarity: Float32Array.from(similarity) }
}

/** The places of the k highest values, highest first, ties by item. */
function best(items: readonly number[], values: readonly number[], k: number): number[] {
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

/** The users of each item, as places in `itemsOf`: item i has users[start[i] .. start[i + 1]). */
function usersOf(itemsOf: readonly (readonly number[])[], itemCount: number): { start: Int32Array; users: Int32Array } {
  const start = new Int32Array(itemCount + 2)
  for (const items of itemsOf) for (const item of items) start[item + 1] = (start[item + 1] as number) + 1
  for (let item = 1; item < start.length; item++) start[item] = (start[item] as number) + (start[item - 1] as number)
  const next = start.slice()
  const users = new Int32Array(start[itemCount + 1] as number)
  itemsOf.forEach((items, user) => {
    for (const item of items) {
      const at = next[item] as number
      users[at] = user
      next[item] = at + 1
    }
  })
  return { start, users }
}
