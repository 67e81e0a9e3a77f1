/** @file Vectors as points of a map, and who is nearest to whom. */
import { UMAP } from 'umap-js'
import { topItems } from '../dataset/top-items.ts'
import { randomStream } from '../random/stream.ts'

/** Vectors of some items, row-major. */
export interface MapVectors {
  readonly width: number
  readonly vectors: Float32Array
}
/** Where each item lies, and its nearest ones in the vectors themselves, nearest first. */
export interface MapLayout {
  /** x and y of each item. */
  readonly points: Float32Array
  /** [items, {@link nearestShown}] */
  readonly near: Int32Array
}

/** How many of an item's nearest are told. */
export const nearestShown = 10
/** More make a finer map and take longer: a thousand items are laid out in seconds. */
const epochs = 250
/** How many neighbors hold an item in its place. */
const neighbors = 15

/** Lays vectors out by UMAP under the cosine; the same vectors and seed give the same map. */
export function mapLayout({ width, vectors }: MapVectors, seed: number): MapLayout {
  const count = vectors.length / width
  const unit = unitRows(vectors, width)
  const nearest = nearestRows(unit, width, Math.min(neighbors, count))
  const random = randomStream(seed, 'map')
  const umap = new UMAP({
    nNeighbors: nearest.indices[0]?.length ?? 1,
    minDist: 0.4,
    nEpochs: epochs,
    random: () => random.uniform(),
  })
  umap.setPrecomputedKNN(nearest.indices, nearest.distances)
  const rows = Array.from({ length: count }, (_, row) => [...unit.subarray(row * width, (row + 1) * width)])
  const points = Float32Array.from(umap.fit(rows).flat())
  // The first of an item's nearest is itself.
  const near = nearest.indices.flatMap((row) => row.slice(1, nearestShown + 1))
  return { points, near: Int32Array.from(near) }
}

function unitRows(vectors: Float32Array, width: number): Float32Array {
  const unit = vectors.slice()
  for (let from = 0; from < unit.length; from += width) {
    let sum = 0
    for (let at = from; at < from + width; at++) sum += (unit[at] as number) ** 2
    const length = Math.sqrt(sum) || 1
    for (let at = from; at < from + width; at++) unit[at] = (unit[at] as number) / length
  }
  return unit
}

/** The rows nearest to each, itself first, and how far they are: 1 less the cosine. */
function nearestRows(unit: Float32Array, width: number, most: number) {
  const count = unit.length / width
  const indices: number[][] = []
  const distances: number[][] = []
  // The nearest has the highest score; place 0 is nobody's.
  const scores = new Float32Array(count + 1)
  for (let row = 0; row < count; row++) {
    for (let other = 0; other < count; other++) {
      let dot = 0
      for (let at = 0; at < width; at++)
        dot += (unit[row * width + at] as number) * (unit[other * width + at] as number)
      scores[other + 1] = Math.min(0, dot - 1)
    }
    scores[row + 1] = 1
    const nearest = topItems(scores, most)
    indices.push(nearest.map(({ item }) => item - 1))
    distances.push(nearest.map(({ score }) => Math.max(0, -score)))
  }
  return { indices, distances }
}
