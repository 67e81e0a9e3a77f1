/** @file Vectors of length 1 on the host. */
import type { FeatureTable } from '../../dataset/schema.ts'

/**
 * The vectors of some items, or of all, each divided by its length: [items, width]. A vector of zeros stays as it is.
 * The graph's own is `l2Normalize`.
 */
export function unitVectors(
  { vectors, width, present }: FeatureTable,
  items: Iterable<number> & { readonly length: number } = Int32Array.from(present.keys()),
): Float32Array {
  const unit = new Float32Array(items.length * width)
  let to = 0
  for (const item of items) {
    const vector = vectors.subarray(item * width, (item + 1) * width)
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
    for (const value of vector) unit[to++] = length > 0 ? value / length : value
  }
  return unit
}
