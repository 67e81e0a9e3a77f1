/** @file Who is nearest to whom among vectors, and whether neighbors are of one kind. */
import { topItems } from '../dataset/top-items.ts'

/** Vectors of some items, row-major. */
export interface MapVectors {
  readonly width: number
  readonly vectors: Float32Array
}

/** How many of an item's nearest are told. */
export const nearestShown = 10

/** Each vector at length 1. */
export function unitRows({ vectors, width }: MapVectors): Float32Array {
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
export function nearestRows(unit: Float32Array, width: number, most: number) {
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

/** Of each item, the share of its {@link nearestShown} nearest that are of its own kind: [items]. */
export function neighborPurity(map: MapVectors, kinds: readonly string[]): number[] {
  const { indices } = nearestRows(unitRows(map), map.width, nearestShown + 1)
  return indices.map((nearest, row) => {
    const others = nearest.slice(1)
    return others.filter((other) => kinds[other] === kinds[row]).length / others.length
  })
}

/** What {@link neighborPurity} is on average where neighbors are drawn: how often two items are of one kind. */
export function purityByChance(kinds: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const pairs = [...counts.values()].reduce((sum, count) => sum + count * (count - 1), 0)
  return pairs / (kinds.length * (kinds.length - 1))
}
