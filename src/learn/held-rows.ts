/**
 * @file Which rows of a parameter a process holds: all of them, or a share of them where ranks hold a table together.
 */
import type { Ranks } from '../mpi/ranks.ts'
import type { StoredArray } from '../storage/safetensors.ts'
import { wordsOf } from '../tensor/int64.ts'

/** Rows by their numbers, as programs write them. */
export interface HostRows {
  readonly ids: BigInt64Array
  readonly rows: Float32Array
}

/** A table of so many rows and columns. */
export interface TableSize {
  readonly rows: number
  readonly width: number
}

/** What of a parameter is in this process, and how the rest is come by. */
export interface HeldRows {
  /** How many rows of a table are held here. */
  count(rows: number): number
  /** Takes the rows that are held here from a stretch of the whole table, which begins with row `first`. */
  keep(held: StoredArray, stretch: StoredArray, at: { readonly first: number; readonly width: number }): void
  /** The whole table, stretch after stretch. Of several ranks all must ask, and the first gets it. */
  stretches(held: StoredArray, size: TableSize): AsyncIterable<StoredArray>
  /** Rows that other ranks hold; absent where all are here. */
  readonly elsewhere?: RowsElsewhere
}

/** How ranks come by each other's rows. All ranks must call the same in the same order. */
export interface RowsElsewhere {
  readonly ranks: Ranks
  /** Whether a row is held here, and at which place. */
  readonly placeOf: (row: number) => number | undefined
  /** The row that is held at a place. */
  readonly rowAt: (place: number) => number
  /** Rows of the whole table by their numbers, [ids, width]. @param held this rank's own rows */
  fetch(ids: Int32Array, held: Float32Array, width: number): Promise<Float32Array>
  /** Gives rows to those who hold them. What all ranks gave to this one, by rank, numbered by their places here. */
  give(ids: Int32Array, rows: Float32Array, width: number): Promise<readonly HostRows[]>
}

/** Every row is here. */
export const everyRow: HeldRows = {
  count: (rows) => rows,
  keep: (held, stretch, { first, width }) => held.set(stretch as never, first * width),
  // biome-ignore lint/suspicious/useAwait: it needs nobody, and others do
  async *stretches(held) {
    yield held
  },
}

/** How many numbers a stretch of a table has: 4 MiB. */
const stretchNumbers = 2 ** 20

/** How many rows of a table go into a stretch. */
export const stretchRows = (width: number): number => Math.max(1, Math.floor(stretchNumbers / width))

/**
 * Row r of a table is held by rank r modulo their number: the first rows of a catalog are often the most popular, and
 * no rank should have them all.
 */
export function sharedRows(ranks: Ranks): HeldRows {
  const { rank: own, size } = ranks
  const count = (rows: number, rank = own): number => Math.max(0, Math.ceil((rows - rank) / size))
  const elsewhere: RowsElsewhere = {
    ranks,
    placeOf: (row) => (row % size === own ? Math.floor(row / size) : undefined),
    rowAt: (place) => place * size + own,
    async fetch(ids, held, width) {
      const lists = byRank(ids, size)
      const asked = await ranks.trade(placesOf(ids, lists, size))
      const got = await ranks.trade(asked.map((list) => rowsAt(held, list, width)))
      const rows = new Float32Array(ids.length * width)
      for (const [rank, list] of lists.entries())
        for (const [place, at] of list.entries())
          rows.set((got[rank] as Float32Array).subarray(place * width, (place + 1) * width), at * width)
      return rows
    },
    async give(ids, rows, width) {
      const lists = byRank(ids, size)
      const numbers = await ranks.trade(placesOf(ids, lists, size))
      const values = await ranks.trade(lists.map((list) => rowsAt(rows, list, width)))
      return numbers.map((list, rank) => ({
        ids: BigInt64Array.from(list, BigInt),
        rows: values[rank] as Float32Array,
      }))
    },
  }
  return {
    count: (rows) => count(rows),
    keep(held, stretch, { first, width }) {
      for (let place = count(first); ; place++) {
        const from = (elsewhere.rowAt(place) - first) * width
        if (from >= stretch.length) return
        held.set(stretch.subarray(from, from + width) as never, place * width)
      }
    },
    async *stretches(held, { rows, width }) {
      const most = stretchRows(width)
      for (let first = 0; first < rows; first += most) {
        const after = Math.min(rows, first + most)
        const mine = (held as Float32Array).subarray(count(first) * width, count(after) * width)
        const nothing = mine.subarray(0, 0)
        const all = await ranks.trade(Array.from({ length: size }, (_, rank) => (rank === 0 ? mine : nothing)))
        if (own === 0) yield dealt(all, { first, after, width })
      }
    },
    elsewhere,
  }

  /** The rows of all ranks in the order of the table. */
  function dealt(
    all: readonly Float32Array[],
    { first, after, width }: { readonly first: number; readonly after: number; readonly width: number },
  ): Float32Array {
    const stretch = new Float32Array((after - first) * width)
    for (let row = first; row < after; row++) {
      const rank = row % size
      const from = (Math.floor(row / size) - count(first, rank)) * width
      stretch.set((all[rank] as Float32Array).subarray(from, from + width), (row - first) * width)
    }
    return stretch
  }
}

/** Where the rows of each rank are among some ids. */
function byRank(ids: Int32Array, size: number): readonly (readonly number[])[] {
  const lists: number[][] = Array.from({ length: size }, () => [])
  for (const [at, id] of ids.entries()) lists[id % size]?.push(at)
  return lists
}

/** Where they lie with the ranks that hold them. */
const placesOf = (ids: Int32Array, lists: readonly (readonly number[])[], size: number): readonly Int32Array[] =>
  lists.map((list) => Int32Array.from(list, (at) => Math.floor((ids[at] as number) / size)))

/** Copies of some rows of a table. */
function rowsAt(table: Float32Array, list: ArrayLike<number>, width: number): Float32Array {
  const rows = new Float32Array(list.length * width)
  for (let at = 0; at < list.length; at++) {
    const from = (list[at] as number) * width
    rows.set(table.subarray(from, from + width), at * width)
  }
  return rows
}

/** Lists of ids, of which one may come again and again, by the different ones among them. */
export interface Numbered {
  /** Each id once, in the order in which they come. */
  readonly ids: Int32Array
  /** For each list where its ids are among them. */
  readonly places: readonly Int32Array[]
}

/** Numbers the different ids of some lists. */
export function numbered(lists: readonly BigInt64Array[]): Numbered {
  const found = new Map<number, number>()
  const places = lists.map((list) => {
    const words = wordsOf(list)
    return Int32Array.from({ length: list.length }, (_, at) => {
      const id = words[2 * at] as number
      const place = found.get(id) ?? found.size
      found.set(id, place)
      return place
    })
  })
  return { ids: Int32Array.from(found.keys()), places }
}
