/** @file Vectors of items made comparable: less their mean, and of length 1. */
import type { FeatureTable } from '../dataset/schema.ts'

/** Vectors of all items, [items + 1, width] row-major; zeros where there is none. */
export interface UnitVectors {
  readonly width: number
  readonly vectors: Float32Array
}

/** The vectors less their mean at length 1: a cosine of 0 is what two items have by chance. */
export function unitVectors({ width, vectors, present }: FeatureTable): UnitVectors {
  const count = present.reduce((sum, one) => sum + one, 0)
  const mean = new Float64Array(width)
  for (const [at, value] of vectors.entries()) mean[at % width] = (mean[at % width] as number) + value / (count || 1)
  const unit = new Float32Array(vectors.length)
  for (const [item, has] of present.entries()) {
    if (has === 0) continue
    let squares = 0
    for (let at = 0; at < width; at++) {
      const value = (vectors[item * width + at] as number) - (mean[at] as number)
      unit[item * width + at] = value
      squares += value * value
    }
    const length = Math.sqrt(squares) || 1
    for (let at = item * width; at < (item + 1) * width; at++) unit[at] = (unit[at] as number) / length
  }
  return { width, vectors: unit }
}

/** The product of row a of some vectors with row b of others of the same width: a cosine where both have length 1. */
export function product(
  { width, vectors }: { readonly width: number; readonly vectors: Float32Array | Float64Array },
  a: number,
  others: { readonly vectors: Float32Array | Float64Array },
  b: number,
): number {
  let sum = 0
  for (let at = 0, from = a * width, to = b * width; at < width; at++)
    sum += (vectors[from + at] as number) * (others.vectors[to + at] as number)
  return sum
}

/** The sum of some items' vectors: [width]. */
export function sumOf(items: Int32Array, { width, vectors }: UnitVectors): Float64Array {
  const sum = new Float64Array(width)
  for (const item of items)
    for (let at = 0, from = item * width; at < width; at++)
      sum[at] = (sum[at] as number) + (vectors[from + at] as number)
  return sum
}
