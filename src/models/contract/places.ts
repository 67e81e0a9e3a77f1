/** @file Tables of items or users laid anew for a later dataset, where some are new, some gone, and all have moved. */

/** Where the rows of a later table were. */
export interface Places {
  /** How many items or users there were; their rows were 1 to this number. */
  readonly before: number
  /** For each of the later ones the row it had, [count + 1]; 0 for those that are new, and for the pad. */
  readonly now: Int32Array
}

/** Where items and users were. */
export interface Moved {
  readonly items: Places
  readonly users: Places
}

/**
 * How new rows are told by known ones, all by their later numbers: of each the rows that it is the sum of, and what
 * each of these counts.
 */
export type Kin = ReadonlyMap<number, readonly (readonly [row: number, weight: number])[]>

/** How a table is laid anew. */
interface Laying {
  readonly width: number
  /** What a new row is: the mean of those there were, by default, or zeros. */
  readonly fresh?: 'mean' | 'zero'
  /** New rows that are told by known ones instead. */
  readonly kin?: Kin | undefined
}

/** A table with its rows laid anew. The pad stays first, and rows that belong to none of them stay last. */
export function relaidRows(
  table: Float32Array,
  { before, now }: Places,
  { width, fresh = 'mean', kin }: Laying,
): Float32Array {
  const others = table.subarray((before + 1) * width)
  const laid = new Float32Array(now.length * width + others.length)
  const first = fresh === 'mean' ? meanRow(table, before, width) : new Float32Array(width)
  laid.set(table.subarray(0, width))
  for (let row = 1; row < now.length; row++) {
    const was = now[row] as number
    laid.set(was > 0 ? table.subarray(was * width, (was + 1) * width) : first, row * width)
  }
  laid.set(others, now.length * width)
  for (const [row, parts] of kin ?? []) laid.set(sumOfRows(laid, parts, width), row * width)
  return laid
}

function meanRow(table: Float32Array, count: number, width: number): Float64Array {
  const mean = new Float64Array(width)
  for (let at = width; at < (count + 1) * width; at++)
    mean[at % width] = (mean[at % width] as number) + (table[at] as number) / count
  return mean
}

function sumOfRows(table: Float32Array, parts: readonly (readonly [number, number])[], width: number): Float64Array {
  const sum = new Float64Array(width)
  for (const [row, weight] of parts)
    for (let at = 0; at < width; at++) sum[at] = (sum[at] as number) + weight * (table[row * width + at] as number)
  return sum
}

/** The later row of each that there was, [before + 1]; 0 where it is gone. */
export function placesAfter({ before, now }: Places): Int32Array {
  const after = new Int32Array(before + 1)
  for (let row = 1; row < now.length; row++) after[now[row] as number] = row
  after[0] = 0
  return after
}
