/** @file Which items the same users touched, counted over users, as it comes or as a sparse matrix over items. */
import type { Dataset, Split } from '../../dataset/schema.ts'
import { type SparseMatrix, transposed } from '../../tensor/sparse-product.ts'

/**
 * The items that each user touched, as a 0/1 matrix [users + 1, items + 1].
 * @param itemsOf the items of each user from 1, none of them twice
 */
export function touchedItems(itemsOf: Iterable<Iterable<number>>, itemCount: number): SparseMatrix {
  const start = [0, 0]
  const column: number[] = []
  for (const items of itemsOf) {
    for (const item of items) column.push(item)
    start.push(column.length)
  }
  return {
    rows: start.length - 1,
    columns: itemCount + 1,
    start: Int32Array.from(start),
    column: Int32Array.from(column),
    value: new Float32Array(column.length).fill(1),
  }
}

/**
 * Receives the counts of one item: the other items that its users touched, in no order, and for every item the number
 * of these users who touched it, [items + 1].
 */
export type SharedUsers = (item: number, others: readonly number[], shared: Int32Array) => void

/**
 * Counts each item in turn, from 1. Only one row of the items x items counts exists at a time, so `tell` must not keep
 * its arguments. Time grows with the sum of squares of the users' counts of items.
 */
export function countSharedUsers(itemsOf: SparseMatrix, tell: SharedUsers): void {
  const usersOf = transposed(itemsOf)
  const shared = new Int32Array(itemsOf.columns)
  for (let item = 1; item < itemsOf.columns; item++) {
    const others: number[] = []
    for (let at = usersOf.start[item] as number; at < (usersOf.start[item + 1] as number); at++) {
      const user = usersOf.column[at] as number
      for (let place = itemsOf.start[user] as number; place < (itemsOf.start[user + 1] as number); place++) {
        const other = itemsOf.column[place] as number
        if (other === item) continue
        if (shared[other] === 0) others.push(other)
        shared[other] = (shared[other] as number) + 1
      }
    }
    tell(item, others, shared)
    for (const other of others) shared[other] = 0
  }
}

/**
 * A_ij = the number of users who touched both i and j in their training rows, whatever the behavior (R-S1). A is
 * [items + 1, items + 1] without a diagonal. Row and column 0 are empty, and columns ascend.
 */
export function coOccurrence({ events, catalog }: Dataset, { trainEnd }: Split): SparseMatrix {
  const users = Array.from(
    { length: trainEnd.length - 1 },
    (_, at) => new Set(events.item.subarray(events.start[at + 1], trainEnd[at + 1])),
  )
  const rows = catalog.ids.length
  const start = new Int32Array(rows + 1)
  let [column, value, used] = [new Int32Array(1024), new Float32Array(1024), 0]
  countSharedUsers(touchedItems(users, rows - 1), (item, others, shared) => {
    if (used + others.length > column.length) {
      const size = Math.max(2 * column.length, used + others.length)
      column = grown(column, new Int32Array(size))
      value = grown(value, new Float32Array(size))
    }
    for (const other of Int32Array.from(others).sort()) {
      column[used] = other
      value[used++] = shared[other] as number
    }
    start[item + 1] = used
  })
  return { rows, columns: rows, start, column: column.slice(0, used), value: value.slice(0, used) }
}

/** Items of the catalog whose entries are counted, at least, to tell how many all have. */
const countedItems = 500

/** About how many entries {@link coOccurrence} has, in far less time: those of one item in so many are counted. */
export function coOccurrenceEntries({ events, catalog }: Dataset, { trainEnd }: Split): number {
  const every = Math.max(1, Math.floor(catalog.ids.length / countedItems))
  const met = new Map<number, Set<number>>()
  for (let user = 1; user < trainEnd.length; user++) {
    const items = events.item.subarray(events.start[user], trainEnd[user])
    for (const item of new Set(items)) {
      if (item % every > 0) continue
      const others = met.get(item) ?? new Set()
      met.set(item, others)
      for (const other of items) others.add(other)
    }
  }
  return every * [...met.values()].reduce((sum, { size }) => sum + size - 1, 0)
}

function grown<Data extends Int32Array | Float32Array>(values: Data, larger: Data): Data {
  larger.set(values)
  return larger
}

/**
 * Divides each row by its sum (R-S4). An item that was never met with another keeps itself, so that only the pad's row
 * is empty.
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
