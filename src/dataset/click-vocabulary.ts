/** @file Fits, on training data alone, which ids have an embedding of their own, and how numbers are standardized. */

import type { EventColumns } from './event-columns.ts'
import type { Dataset, Split } from './schema.ts'

/**
 * The embedding row of each id and the standardized numbers, fitted on training samples and the histories they read.
 */
export interface ClickVocabulary {
  /** Row of each item index, [items + 1]: 0 is the pad, 1 is shared by all items that are rare in training. */
  readonly itemRow: Int32Array
  /** Rows of the item table. */
  readonly itemRows: number
  /** Row of each user index, [users + 1], as for items; index 0 is an unknown user and has row 1. */
  readonly userRow: Int32Array
  readonly userRows: number
  /**
   * Numeric fields standardized on training data, 0 where the number is unknown: [items + 1, n] and [users + 1, n],
   * row-major.
   */
  readonly itemNumbers: Float32Array
  readonly userNumbers: Float32Array
  /** What standardized each column, for a later dataset. */
  readonly itemScales: readonly Scale[]
  readonly userScales: readonly Scale[]
}

/** What a column of numbers is standardized by; null where training has none, or all are equal. */
export type Scale = { readonly mean: number; readonly deviation: number } | null

/** Whether training gave a user a row of his own; all others read that of user 0, who is nobody in particular. */
export const isKnownUser = ({ userRow }: Pick<ClickVocabulary, 'userRow'>, user: number): boolean =>
  userRow[user] !== userRow[0]

interface TrainingSamples {
  readonly columns: EventColumns
  readonly user: Int32Array
  readonly item: Int32Array
  readonly end: Int32Array
  readonly train: Int32Array
}

/**
 * Fits the vocabulary. An id with fewer than `minimumCount` occurrences in training samples is unknown; for items the
 * events of their histories count too.
 */
export function clickVocabulary(
  { userIds, catalog, users }: Dataset,
  samples: TrainingSamples,
  minimumCount: number,
): ClickVocabulary {
  const { columns, user, item, end, train } = samples
  const items = new Int32Array(catalog.ids.length)
  const owners = new Int32Array(userIds.length)
  /** Where the longest history of each user ends; every shorter one is its beginning. */
  const read = new Int32Array(userIds.length)
  for (const sample of train) {
    const owner = user[sample] as number
    items[item[sample] as number] = (items[item[sample] as number] as number) + 1
    owners[owner] = (owners[owner] as number) + 1
    read[owner] = Math.max(read[owner] as number, end[sample] as number)
  }
  const [itemColumns, userColumns] = [Object.values(catalog.numbers ?? {}), Object.values(users?.numbers ?? {})]
  const [itemScales, userScales] = [scalesOf(itemColumns, items), scalesOf(userColumns, owners)]
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
    itemNumbers: standardized(itemColumns, itemScales),
    userNumbers: standardized(userColumns, userScales),
    itemScales,
    userScales,
  }
}

/** Numbers the rows from 2 on, by ascending index, and counts them. */
function rowsOf(counts: Int32Array, minimumCount: number): [Int32Array, number] {
  let rows = 2
  return [counts.map((count, index) => (index > 0 && count >= minimumCount ? rows++ : 1)), rows]
}

/** sign(x) ln(1 + |x|) */
const squeezed = (raw: Float32Array): Float64Array =>
  Float64Array.from(raw, (value) => Math.sign(value) * Math.log1p(Math.abs(value)))

/** The mean and the deviation of each column, squeezed, over entries whose `counts` is above 0. */
function scalesOf(columns: readonly Float32Array[], counts: Int32Array): Scale[] {
  return columns.map((raw) => {
    const known = squeezed(raw).filter((value, index) => (counts[index] as number) > 0 && !Number.isNaN(value))
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length
    const deviation = Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length)
    // The deviation of a constant is only rounding error; that of no numbers is NaN.
    return deviation > 1e-9 ? { mean, deviation } : null
  })
}

/**
 * Columns side by side, [entries, columns]: each number squeezed, minus the mean and divided by the deviation. The
 * result is 0 for NaN, and where there is no scale.
 */
export function standardized(columns: readonly Float32Array[], scales: readonly Scale[]): Float32Array {
  const width = columns.length
  const table = new Float32Array((columns[0]?.length ?? 0) * width)
  for (const [place, raw] of columns.entries()) {
    const scale = scales[place]
    if (!scale) continue
    for (const [index, value] of squeezed(raw).entries())
      if (!Number.isNaN(value)) table[index * width + place] = (value - scale.mean) / scale.deviation
  }
  return table
}

/**
 * The vocabulary of models that rank the next item: every id has a row of its own, and numbers are standardized by the
 * items and users that training rows hold. Undefined where nothing has numbers, so that nothing is made that nobody
 * reads.
 */
export function rankingVocabulary(
  { catalog, users, userIds, events }: Dataset,
  { trainEnd }: Pick<Split, 'trainEnd'>,
): ClickVocabulary | undefined {
  const [itemColumns, userColumns] = [Object.values(catalog.numbers ?? {}), Object.values(users?.numbers ?? {})]
  if (itemColumns.length + userColumns.length === 0) return undefined
  const [items, owners] = [new Int32Array(catalog.ids.length), new Int32Array(userIds.length)]
  for (let user = 1; user < trainEnd.length; user++) {
    for (let row = events.start[user] as number; row < (trainEnd[user] as number); row++) {
      const item = events.item[row] as number
      items[item] = (items[item] as number) + 1
      owners[user] = (owners[user] as number) + 1
    }
  }
  return ownRows({ catalog, users, userIds }, scalesOf(itemColumns, items), scalesOf(userColumns, owners))
}

/** The vocabulary in which every id has a row of its own. */
export function ownRows(
  { catalog, users, userIds }: Pick<Dataset, 'catalog' | 'userIds'> & { readonly users?: Dataset['users'] | undefined },
  itemScales: readonly Scale[],
  userScales: readonly Scale[],
): ClickVocabulary {
  const each = (count: number): Int32Array => Int32Array.from({ length: count }, (_, index) => index)
  return {
    itemRow: each(catalog.ids.length),
    itemRows: catalog.ids.length,
    userRow: each(userIds.length),
    userRows: userIds.length,
    itemNumbers: standardized(Object.values(catalog.numbers ?? {}), itemScales),
    userNumbers: standardized(Object.values(users?.numbers ?? {}), userScales),
    itemScales,
    userScales,
  }
}
