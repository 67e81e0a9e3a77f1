/**
 * @file The items that score highest for a user's vector, found by an index. What the index finds is scored as exactly
 * as without it, so that it may miss an item and never puts one in the wrong place.
 */
import type { ItemIndex } from '../dataset/schema.ts'
import type { ScoredItem } from '../dataset/top-items.ts'
import type { ItemTable } from '../models/contract/scorer.ts'
import type { ProductIndex, ProductIndexes } from './usearch.ts'

/** An index of an item table. */
export interface CatalogIndex {
  /** The `count` best items for a user's vector, best first, ties by the lower index. */
  best(vector: Float32Array, count: number): ScoredItem[]
  /** The same where at least so many items are looked at. */
  widened(breadth: number): CatalogIndex
}

/** How many items are looked at for each that is asked for, at least. */
const lookedAt = 2

/**
 * An index whose items are the first ones of a table; those behind them, which came later, are all scored.
 * @param breadth how many items are looked at, at least
 */
export function catalogIndex(items: ItemTable, products: ProductIndex, breadth = 1): CatalogIndex {
  const { table, width } = items
  const rows = table.length / width
  const indexed = products.size
  const scoreOf = (vector: Float32Array, item: ItemIndex): number => {
    let product = 0
    for (let at = 0, cell = item * width; at < width; at++, cell++)
      product += (vector[at] as number) * (table[cell] as number)
    return Math.fround(product)
  }
  return {
    best(vector, count) {
      const asked = new Float32Array(width + 1)
      asked.set(vector)
      const found = products.near(asked, Math.min(indexed, Math.max(breadth, lookedAt * count)))
      const list = bestOf(
        found.map((item) => ({ item, score: scoreOf(vector, item) })),
        count,
      )
      // Few of those that came later are as good.
      const least = list.length < count ? Number.NEGATIVE_INFINITY : (list.at(-1)?.score as number)
      for (let item = 1 + indexed; item < rows; item++) {
        const score = scoreOf(vector, item)
        if (score > least) list.push({ item, score })
      }
      return bestOf(list, count)
    },
    widened: (wider) => catalogIndex(items, products, wider),
  }
}

/** The first of a list in order, ties by the lower index. */
const bestOf = (list: ScoredItem[], count: number): ScoredItem[] =>
  list.sort((a, b) => b.score - a.score || a.item - b.item).slice(0, count)

/** Items that are added at once, in some ten milliseconds: then whoever waits for the process gets a turn. */
const addedAtOnce = 64

/**
 * The index of all items of a table but the pad. Each vector gets one number more, so that all are of one length: what
 * is near by its product is then near by its angle, and searches come to every item (Bachrach et al., RecSys 2014)
 * [bib: euclidean-products]. By plain products long vectors are everybody's neighbors, and short ones nobody's.
 */
export async function buildProducts(indexes: ProductIndexes, items: ItemTable, threads: number): Promise<ProductIndex> {
  const { table, width } = items
  const index = indexes.make(width + 1)
  const rows = table.length / width
  const squares = Float64Array.from({ length: rows }, (_, item) => squareOf(items, item))
  const most = squares.subarray(1).reduce((largest, square) => Math.max(largest, square), 0)
  for (let first = 1; first < rows; first += addedAtOnce) {
    const count = Math.min(rows - first, addedAtOnce)
    const vectors = new Float32Array(count * (width + 1))
    for (let at = 0; at < count; at++) {
      const item = first + at
      vectors.set(table.subarray(item * width, (item + 1) * width), at * (width + 1))
      vectors[at * (width + 1) + width] = Math.sqrt(most - (squares[item] as number))
    }
    index.add(first, vectors, threads)
    await new Promise((resume) => setImmediate(resume))
  }
  return index
}

/** The square of the length of an item's vector. */
function squareOf({ table, width }: ItemTable, item: ItemIndex): number {
  let square = 0
  for (let cell = item * width; cell < (item + 1) * width; cell++) square += (table[cell] as number) ** 2
  return square
}

/** A user's vector, and the items that score highest for it. */
export interface Asked {
  readonly vector: Float32Array
  readonly best: readonly ScoredItem[]
}

/** The share of the best items that an index finds; 0 where nothing was asked. */
export function recallOf(index: CatalogIndex, asked: readonly Asked[]): number {
  let [found, all] = [0, 0]
  for (const { vector, best } of asked) {
    const items = new Set(index.best(vector, best.length).map(({ item }) => item))
    for (const { item } of best) if (items.has(item)) found++
    all += best.length
  }
  return all === 0 ? 0 : found / all
}

/** How many items may be looked at, fewest first. */
const breadths = [128, 256, 512, 1024, 2048]

/** The fewest items that have to be looked at for a recall, or the most that may be; and the recall with so many. */
export function breadthFor(
  index: CatalogIndex,
  asked: readonly Asked[],
  wanted: number,
): { readonly breadth: number; readonly recall: number } {
  const tried = { breadth: 0, recall: 0 }
  for (const breadth of breadths) {
    tried.breadth = breadth
    tried.recall = recallOf(index.widened(breadth), asked)
    if (tried.recall >= wanted) break
  }
  return tried
}
