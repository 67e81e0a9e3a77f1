/**
 * @file Item-kNN: items that the same users touched. Deshpande & Karypis, ACM TOIS 2004. [bib: item-knn]
 *   cos(i, j) = |U_i and U_j| / sqrt(|U_i| |U_j|), the best k neighbors of each item        see nearest-by-users.ts
 *   s_j = sum over the history's distinct items i that have j as a neighbor of cos(i, j)    scores_BV
 * Differs: no row normalization and no recency; an item touched twice counts once.
 */
import * as z from 'zod'
import type { Dataset, History, ItemIndex, Split } from '../../dataset/schema.ts'
import type { StoredTensor } from '../../storage/safetensors.ts'
import { type FittedModel, fittedTensor } from '../contract/fitted-model.ts'
import { type Places, placesAfter } from '../contract/places.ts'
import type { Explanation, Scorer } from '../contract/scorer.ts'
import { touchedItems } from '../parts/co-occurrence.ts'
import { type Neighbors, nearestByUsers } from '../parts/nearest-by-users.ts'

const config = z.strictObject({
  behaviors: z
    .enum(['target', 'all'])
    .default('all')
    .describe('which events count as touching an item: those of the target behavior, or all'),
  neighbors: z.int().min(1).max(10_000).default(100).describe('number of most similar items stored for each item (k)'),
  maxUserItems: z
    .int()
    .min(2)
    .max(100_000)
    .default(1000)
    .describe("only this many of a user's last items are counted, to bound the time of very long histories"),
})
type Config = z.infer<typeof config>

/** Ranks by co-occurrence with the items of the history. */
export const itemKnn: FittedModel<Config> = {
  slug: 'item-knn',
  task: 'counting',
  title: 'item-kNN',
  config,

  fit(dataset, split, config, counted) {
    const touched = touchedItems(trainingItems(dataset, split, config), dataset.catalog.ids.length - 1)
    return tensorsOf(nearestByUsers(touched, config.neighbors, counted))
  },

  bytes({ events, catalog }, { trainEnd }, { neighbors, maxUserItems }) {
    const touches = trainEnd.reduce(
      (sum, end, user) => sum + Math.min(maxUserItems, end - (events.start[user] as number)),
      0,
    )
    const edges = (catalog.ids.length - 1) * Math.min(neighbors, catalog.ids.length - 1)
    // Lists, which grow by half and hold 8 bytes an entry, and the arrays made of them: of touches by user and by item.
    return touches * (2 * 12 + 2 * 8) + edges * (2 * 12 + 8)
  },

  relaid(tensors, items) {
    const neighbors = storedNeighbors(tensors, items.before)
    return tensorsOf(relaidNeighbors(neighbors, items))
  },

  load(tensors, { manifest, catalog }, { behaviors }): Scorer {
    const itemCount = catalog.ids.length - 1
    const neighbors = storedNeighbors(tensors, itemCount)
    const only = behaviors === 'target' ? manifest.behaviors.indexOf(manifest.target) : undefined
    return {
      slug: 'item-knn',
      itemCount,
      score(histories, into = new Float32Array(histories.length * (itemCount + 1))) {
        histories.forEach((history, row) => {
          const scores_V = into.subarray(row * (itemCount + 1), (row + 1) * (itemCount + 1)).fill(0)
          for (const at of lastTouches(history, only)) addNeighbors(scores_V, neighbors, history.item[at] as number)
          scores_V[0] = Number.NEGATIVE_INFINITY
        })
        return Promise.resolve(into.subarray(0, histories.length * (itemCount + 1)))
      },
      explain: (history, items) =>
        Promise.resolve(items.map((item) => because(neighbors, history, lastTouches(history, only), item))),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  },
}

const tensorsOf = ({ start, neighbor, similarity }: Neighbors): Record<string, StoredTensor> => ({
  start: { shape: [start.length], data: start },
  neighbor: { shape: [neighbor.length], data: neighbor },
  similarity: { shape: [similarity.length], data: similarity },
})

/** @throws UserError `mismatched` for tensors of another number of items */
function storedNeighbors(tensors: Readonly<Record<string, StoredTensor>>, itemCount: number): Neighbors {
  const start = fittedTensor('item-knn', tensors, 'start', Int32Array, itemCount + 2)
  const edges = start.at(-1) as number
  return {
    start,
    neighbor: fittedTensor('item-knn', tensors, 'neighbor', Int32Array, edges),
    similarity: fittedTensor('item-knn', tensors, 'similarity', Float32Array, edges),
  }
}

/** The neighbors by the items' later numbers; those that are gone are left out, new ones have none. */
function relaidNeighbors({ start, neighbor, similarity }: Neighbors, items: Places): Neighbors {
  const after = placesAfter(items)
  const laid = { start: new Int32Array(items.now.length + 1), neighbor: [] as number[], similarity: [] as number[] }
  for (const [item, was] of items.now.entries()) {
    for (let at = start[was] as number; at < (start[was + 1] as number); at++) {
      const other = after[neighbor[at] as number] as number
      if (other === 0) continue
      laid.neighbor.push(other)
      laid.similarity.push(similarity[at] as number)
    }
    laid.start[item + 1] = laid.neighbor.length
  }
  return {
    start: laid.start,
    neighbor: Int32Array.from(laid.neighbor),
    similarity: Float32Array.from(laid.similarity),
  }
}

/** Each user's distinct training items, the last `maxUserItems` of them. */
function trainingItems(
  { events, manifest }: Dataset,
  { trainEnd }: Split,
  { behaviors, maxUserItems }: Config,
): number[][] {
  const only = behaviors === 'target' ? manifest.behaviors.indexOf(manifest.target) : undefined
  return Array.from({ length: trainEnd.length - 1 }, (_, index) => {
    const from = events.start[index + 1] as number
    const rows = {
      item: events.item.subarray(from, trainEnd[index + 1]),
      behavior: events.behavior.subarray(from, trainEnd[index + 1]),
    }
    return lastTouches(rows, only)
      .slice(0, maxUserItems)
      .map((at) => rows.item[at] as number)
  })
}

/** The places of each distinct item's last event, newest first; only of one behavior where that is given. */
function lastTouches({ item, behavior }: Pick<History, 'item' | 'behavior'>, only: number | undefined): number[] {
  const seen = new Set<number>()
  const places: number[] = []
  for (let at = item.length - 1; at >= 0; at--) {
    if ((only !== undefined && behavior[at] !== only) || seen.has(item[at] as number)) continue
    seen.add(item[at] as number)
    places.push(at)
  }
  return places
}

function addNeighbors(scores: Float32Array, { start, neighbor, similarity }: Neighbors, item: number): void {
  for (let at = start[item] as number; at < (start[item + 1] as number); at++) {
    const other = neighbor[at] as number
    scores[other] = (scores[other] as number) + (similarity[at] as number)
  }
}

/** Which of the touched items have this item as a neighbor, and their shares of its score. */
function because(
  { start, neighbor, similarity }: Neighbors,
  history: History,
  touches: readonly number[],
  item: ItemIndex,
): Explanation {
  const parts = touches.flatMap((at) => {
    const own = history.item[at] as number
    const place = neighbor.subarray(start[own], start[own + 1]).indexOf(item)
    if (place < 0) return []
    return [
      {
        item: own,
        behavior: history.behavior[at] as number,
        share: similarity[(start[own] as number) + place] as number,
      },
    ]
  })
  const total = parts.reduce((sum, { share }) => sum + share, 0)
  if (total === 0) return { item }
  return {
    item,
    because: parts.map((part) => ({ ...part, share: part.share / total })).sort((a, b) => b.share - a.share),
  }
}
