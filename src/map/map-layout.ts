/** @file Vectors as points of a map: the page's, and that of experiments. */
import { UMAP } from 'umap-js'
import { randomStream } from '../random/stream.ts'
import { type MapVectors, nearestRows, nearestShown, unitRows } from './nearest.ts'

/** Where each item lies, and its nearest ones in the vectors themselves, nearest first. */
export interface MapLayout {
  /** x and y of each item. */
  readonly points: Float32Array
  /** [items, `nearestShown`] */
  readonly near: Int32Array
}

/** More make a finer map and take longer: a thousand items are laid out in seconds. */
const epochs = 250
/** How many neighbors hold an item in its place. */
const neighbors = 15

/** Lays vectors out by UMAP under the cosine; the same vectors and seed give the same map. */
export function mapLayout(map: MapVectors, seed: number): MapLayout {
  const { width } = map
  const count = map.vectors.length / width
  const unit = unitRows(map)
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
