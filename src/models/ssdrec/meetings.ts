/** @file How often, and how near to each other, items come in the same histories; one item's row at a time. */
import type { Dataset, Split } from '../../dataset/schema.ts'
import type { SparseMatrix } from '../../tensor/sparse-product.ts'
import { best } from '../parts/nearest-by-users.ts'

/** The training items of each user in order, by user; nobody is user 0. Events of one item at one time count once. */
export function trainingHistories({ events }: Dataset, { trainEnd }: Split): readonly Int32Array[] {
  return Array.from({ length: trainEnd.length }, (_, user) => {
    if (user === 0) return new Int32Array(0)
    const items: number[] = []
    let now = Number.NaN
    const atOnce = new Set<number>()
    for (let row = events.start[user] as number; row < (trainEnd[user] as number); row++) {
      const [item, time] = [events.item[row] as number, events.time[row] as number]
      if (time !== now) atOnce.clear()
      now = time
      if (!atOnce.has(item)) items.push(item)
      atOnce.add(item)
    }
    return Int32Array.from(items)
  })
}

/** How often each user's history has each item: [users + 1, items + 1]; columns ascend. */
export function countedItems(histories: readonly Int32Array[], itemCount: number): SparseMatrix {
  const rows = sparseRows(itemCount + 1)
  for (const history of histories) {
    const counts = new Map<number, number>()
    for (const item of history) counts.set(item, (counts.get(item) ?? 0) + 1)
    const items = [...counts.keys()].sort((a, b) => a - b)
    rows.push(
      items,
      items.map((item) => counts.get(item) as number),
    )
  }
  return rows.matrix()
}

/** How one item meets the others; arrays over all items, overwritten by the next. */
export interface Meetings {
  /** Items that it meets, itself among them where it comes twice; in no order. */
  readonly others: readonly number[]
  /** sum over pairs of (n - distance) / n, n being the history's length, where the other comes later, or earlier. */
  readonly later: Float64Array
  readonly earlier: Float64Array
  /** The number of these pairs. */
  readonly laterCount: Int32Array
  readonly earlierCount: Int32Array
}

/**
 * Tells of items in turn. Only one row of the items x items counts exists at a time, so `tell` must not keep its
 * arguments. Time grows with the sum of squares of the histories' lengths.
 */
export function countMeetings(
  histories: readonly Int32Array[],
  itemCount: number,
  items: Iterable<number>,
  tell: (item: number, met: Meetings) => void,
): void {
  const places = placesOf(histories, itemCount)
  const size = itemCount + 1
  const met = {
    later: new Float64Array(size),
    earlier: new Float64Array(size),
    laterCount: new Int32Array(size),
    earlierCount: new Int32Array(size),
  }
  for (const item of items) {
    const others: number[] = []
    for (let at = places.start[item] as number; at < (places.start[item + 1] as number); at++) {
      const history = histories[places.user[at] as number] as Int32Array
      const place = places.place[at] as number
      const length = history.length
      for (let to = 0; to < length; to++) {
        if (to === place) continue
        const other = history[to] as number
        if (met.laterCount[other] === 0 && met.earlierCount[other] === 0) others.push(other)
        const [sums, counts] = to > place ? [met.later, met.laterCount] : [met.earlier, met.earlierCount]
        sums[other] = (sums[other] as number) + (length - Math.abs(to - place)) / length
        counts[other] = (counts[other] as number) + 1
      }
    }
    tell(item, { others, ...met })
    for (const other of others) for (const values of Object.values(met)) values[other] = 0
  }
}

/** Where each item comes: item i has the entries [start[i], start[i + 1]) of the other two arrays. */
function placesOf(histories: readonly Int32Array[], itemCount: number) {
  const start = new Int32Array(itemCount + 2)
  for (const history of histories) for (const item of history) start[item + 1] = (start[item + 1] as number) + 1
  for (let item = 1; item < start.length; item++) start[item] = (start[item] as number) + (start[item - 1] as number)
  const next = start.slice()
  const all = start.at(-1) as number
  const [user, place] = [new Int32Array(all), new Int32Array(all)]
  for (const [who, history] of histories.entries()) {
    for (const [at, item] of history.entries()) {
      const to = next[item] as number
      user[to] = who
      place[to] = at
      next[item] = to + 1
    }
  }
  return { start, user, place }
}

/** A sparse matrix made row by row. */
export interface RowsToBe {
  /** Adds a row. */
  push(columns: readonly number[], values: readonly number[]): void
  /** The matrix of the rows so far. */
  matrix(): SparseMatrix
}

/** A matrix of so many columns that has no rows yet. */
export function sparseRows(columns: number): RowsToBe {
  const start = [0]
  const column: number[] = []
  const value: number[] = []
  return {
    push(ids, values) {
      for (const [at, id] of ids.entries()) {
        column.push(id)
        value.push(values[at] as number)
      }
      start.push(column.length)
    },
    matrix: () => ({
      rows: start.length - 1,
      columns,
      start: Int32Array.from(start),
      column: Int32Array.from(column),
      value: Float32Array.from(value),
    }),
  }
}

/** Divides each row by its sum; an empty row stays empty. */
export function averaging(matrix: SparseMatrix): SparseMatrix {
  const { start, value } = matrix
  const shares = value.slice()
  for (const [row, total] of rowSums(matrix).entries()) {
    const own = shares.subarray(start[row], start[row + 1])
    for (let at = 0; at < own.length; at++) own[at] = (own[at] as number) / total
  }
  return { ...matrix, value: shares }
}

/** The sum of each row. */
export const rowSums = ({ rows, start, value }: SparseMatrix): number[] =>
  Array.from({ length: rows }, (_, row) =>
    value.subarray(start[row], start[row + 1]).reduce((sum, one) => sum + one, 0),
  )

/** The rows from 1 on without the share of them that have the smallest sums; of equal ones the later go. */
export function hotRows(matrix: SparseMatrix, coldShare: number): ReadonlySet<number> {
  const sums = rowSums(matrix).slice(1)
  const kept = sums.length - Math.floor(coldShare * sums.length)
  return new Set(best(upTo(sums.length), sums, kept).map((at) => at + 1))
}

/** The whole numbers from 1 to a count. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1)

/** The ids of the largest values, ties by id, and these values; ids ascend. */
export function strongestOf(
  ids: readonly number[],
  valueOf: (id: number) => number,
  count: number,
): readonly [ids: readonly number[], values: readonly number[]] {
  const kept = best(ids, ids.map(valueOf), count)
    .map((at) => ids[at] as number)
    .sort((a, b) => a - b)
  return [kept, kept.map(valueOf)]
}
