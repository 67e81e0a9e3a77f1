/** @file What training alone says of the ids and numbers of items and users: rows of tables of embeddings, and standardized numbers. */

import type { EventColumns } from './event-columns.ts'
import type { Dataset } from './schema.ts'

/** Rows of the tables of embeddings, fitted on training samples and the histories they read. */
export interface ClickVocabulary {
  /** Row of each item index, [items + 1]: 0 pads, 1 is the row of all that training hardly knows. */
  readonly itemRow: Int32Array
  /** Rows of the item table. */
  readonly itemRows: number
  /** Row of each user index, [users + 1], as for items; index 0 is somebody new, and has row 1. */
  readonly userRow: Int32Array
  readonly userRows: number
  /** Numeric fields side by side, standardized by training alone, 0 where there is none: [items + 1, n] and [users + 1, n], row-major. */
  readonly itemNumbers: Float32Array
  readonly userNumbers: Float32Array
}

interface TrainingSamples {
  readonly columns: EventColumns
  readonly user: Int32Array
  readonly item: Int32Array
  readonly end: Int32Array
  readonly train: Int32Array
}

/** Fits the vocabulary; an id that training samples, or for items the events of their histories, hold fewer than `minimumCount` times is unknown. */
export function clickVocabulary(
  { userIds, catalog, users }: Dataset,
  samples: TrainingSamples,
  minimumCount: number,
): ClickVocabulary {
  const { columns, user, item, end, train } = samples
  const items = new Int32Array(catalog.ids.length)
  const owners = new Int32Array(userIds.length)
  /** How far the longest history of each user reaches: shorter ones are its beginning. */
  const read = new Int32Array(userIds.length)
  for (const sample of train) {
    const owner = user[sample] as number
    items[item[sample] as number] = (items[item[sample] as number] as number) + 1
    owners[owner] = (owners[owner] as number) + 1
    read[owner] = Math.max(read[owner] as number, end[sample] as number)
  }
  const itemNumbers = standardized(Object.values(catalog.numbers ?? {}), items)
  for (let owner = 1; owner < read.length; owner++) {
    for (let row = columns.start[owner] as number; row < (read[owner] as number); row++) {
      const seen = columns.item[row] as number
      items[seen] = (items[seen] as number) + 1
    }
  }
  const [itemRow, itemRows] = rowsOf(items, minimumCount)
  const [userRow, userRows] = rowsOf(owners, minimumCount)
  itemRow[0] = 0
  return {
    itemRow,
    itemRows,
    userRow,
    userRows,
    itemNumbers,
    userNumbers: standardized(Object.values(users?.numbers ?? {}), owners),
  }
}

/** Rows by ascending index from 2 on, and how many there are. */
function rowsOf(counts: Int32Array, minimumCount: number): [Int32Array, number] {
  let rows = 2
  return [counts.map((count, index) => (index > 0 && count >= minimumCount ? rows++ : 1)), rows]
}

/** Numbers x as sign(x) ln(1 + |x|), less their mean and over their deviation where `counts` is above 0; 0 for NaN, and where all are the same. */
function standardized(columns: readonly Float32Array[], counts: Int32Array): Float32Array {
  const width = columns.length
  const table = new Float32Array(counts.length * width)
  for (const [place, raw] of columns.entries()) {
    const values = Float64Array.from(raw, (value) => Math.sign(value) * Math.log1p(Math.abs(value)))
    const known = values.filter((value, index) => (counts[index] as number) > 0 && !Number.isNaN(value))
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length
    const deviation = Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length)
    // Of a constant nothing but rounding is left; of no number at all, NaN.
    if (!(deviation > 1e-9)) continue
    for (const [index, value] of values.entries())
      if (!Number.isNaN(value)) table[index * width + place] = (value - mean) / deviation
  }
  return table
}
