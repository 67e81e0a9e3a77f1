/** @file Which items the same users touched, counted from training rows, as a sparse matrix over items (R-S1). */
import type { Dataset, Split } from '../../dataset/schema.ts'
import { type SparseMatrix, transposed } from '../../tensor/sparse-product.ts'

/**
 * A_ij = the number of users who touched both i and j in their training rows, whatever the behavior; [items + 1, items + 1] without a
 * diagonal, row and column 0 empty, columns ascending. Time grows with the sum of squares of the users' counts of distinct items.
 * Differs from the published code, which adds 1 / (positions between them) for each pair of events of a user (R-S1).
 */
export function coOccurrence(dataset: Dataset, split: Split): SparseMatrix {
  const itemsOf = touchedItems(dataset, split)
  const usersOf = transposed(itemsOf)
  const rows = itemsOf.columns
  const shared = new Int32Array(rows)
  const start = new Int32Array(rows + 1)
  let [column, value, used] = [new Int32Array(1024), new Float32Array(1024), 0]
  for (let item = 0; item < rows; item++) {
    const met = countShared(item, itemsOf, usersOf, shared)
    if (used + met.length > column.length) {
      const size = Math.max(2 * column.length, used + met.length)
      column = grown(column, new Int32Array(size))
      value = grown(value, new Float32Array(size))
    }
    for (const other of met) {
      column[used] = other
      value[used++] = shared[other] as number
      shared[other] = 0
    }
    start[item + 1] = used
  }
  return { rows, columns: rows, start, column: column.slice(0, used), value: value.slice(0, used) }
}

function grown<Data extends Int32Array | Float32Array>(values: Data, larger: Data): Data {
  larger.set(values)
  return larger
}

/** Counts into `shared` the users each other item has in common with this one; returns those other items, ascending. */
function countShared(item: number, itemsOf: SparseMatrix, usersOf: SparseMatrix, shared: Int32Array): Int32Array {
  const met: number[] = []
  for (let at = usersOf.start[item] as number; at < (usersOf.start[item + 1] as number); at++) {
    const user = usersOf.column[at] as number
    for (let place = itemsOf.start[user] as number; place < (itemsOf.start[user + 1] as number); place++) {
      const other = itemsOf.column[place] as number
      if (other === item) continue
      if (shared[other] === 0) met.push(other)
      shared[other] = (shared[other] as number) + 1
    }
  }
  return Int32Array.from(met).sort()
}

/** The distinct items of each user's training rows, as a 0/1 matrix [users + 1, items + 1]. */
function touchedItems({ events, catalog }: Dataset, { trainEnd }: Split): SparseMatrix {
  const start = new Int32Array(trainEnd.length + 1)
  const column: number[] = []
  for (let user = 1; user < trainEnd.length; user++) {
    for (const item of new Set(events.item.subarray(events.start[user], trainEnd[user]))) column.push(item)
    start[user + 1] = column.length
  }
  return {
    rows: trainEnd.length,
    columns: catalog.ids.length,
    start,
    column: Int32Array.from(column),
    value: new Float32Array(column.length).fill(1),
  }
}

/**
 * Each row divided by its sum (R-S4); an item that was never met with another keeps itself, so that only the pad's row is empty.
 * Differs from the published code, which divides a row by its Euclidean length.
 */
export function rowNormalized({ rows, columns, start, column, value }: SparseMatrix): SparseMatrix {
  const ends = new Int32Array(rows + 1)
  for (let row = 1; row < rows; row++) {
    ends[row + 1] = (ends[row] as number) + Math.max(1, (start[row + 1] as number) - (start[row] as number))
  }
  const normalized = { column: new Int32Array(ends[rows] as number), value: new Float32Array(ends[rows] as number) }
  for (let row = 1; row < rows; row++) {
    const [from, to, at] = [start[row] as number, start[row + 1] as number, ends[row] as number]
    const weights = value.subarray(from, to)
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    normalized.column.set(from === to ? [row] : column.subarray(from, to), at)
    normalized.value.set(from === to ? [1] : weights.map((weight) => weight / total), at)
  }
  return { rows, columns, start: ends, ...normalized }
}
