/** @file Items as vectors by who touched them: near where the same users touched both. */
import type { Events } from '../dataset/schema.ts'
import { randomStream } from '../random/stream.ts'
import { type UnitVectors, unitVectors } from './unit-vectors.ts'

const size = 32
const iterations = 10

/**
 * The leading directions of the table of users and items, each event weighed by 1 / sqrt(events of its user * events of
 * its item) as in correspondence analysis, without the first, which is popularity. Found by iterating on a subspace.
 * @param reads whose events are read: vectors by which a user is judged must not hold the user's own
 */
export function togetherVectors(
  { user, item, start }: Pick<Events, 'user' | 'item' | 'start'>,
  itemCount: number,
  reads: (user: number) => boolean,
): UnitVectors {
  const perItem = new Float64Array(itemCount + 1)
  const read = Uint8Array.from({ length: start.length - 1 }, (_, one) => (one > 0 && reads(one) ? 1 : 0))
  for (const [row, one] of item.entries())
    if (read[user[row] as number] === 1) perItem[one] = (perItem[one] as number) + 1
  const places = Int32Array.from(Array.from(perItem.keys()).filter((one) => (perItem[one] as number) > 0))
  const width = Math.min(size + 1, places.length)
  const random = randomStream(1, 'touched together')
  const basis = new Float64Array((itemCount + 1) * width)
  for (const one of places) for (let at = 0; at < width; at++) basis[one * width + at] = random.normal()
  orthonormalize(basis, width, places)
  const multiply = (): Float64Array => {
    const product = new Float64Array(basis.length)
    const ofUser = new Float64Array(width)
    for (let one = 1; one < read.length; one++) {
      const [begin, end] = [start[one] as number, start[one + 1] as number]
      if (read[one] === 0 || begin === end) continue
      ofUser.fill(0)
      for (let row = begin; row < end; row++) {
        const touched = item[row] as number
        const weight = 1 / Math.sqrt((end - begin) * (perItem[touched] as number))
        for (let at = 0; at < width; at++)
          ofUser[at] = (ofUser[at] as number) + weight * (basis[touched * width + at] as number)
      }
      for (let row = begin; row < end; row++) {
        const touched = item[row] as number
        const weight = 1 / Math.sqrt((end - begin) * (perItem[touched] as number))
        for (let at = 0, to = touched * width; at < width; at++, to++)
          product[to] = (product[to] as number) + weight * (ofUser[at] as number)
      }
    }
    return product
  }
  for (let step = 0; step < iterations; step++) {
    basis.set(multiply())
    orthonormalize(basis, width, places)
  }
  const strength = strengths(basis, multiply(), width)
  const first = strength.indexOf(Math.max(...strength))
  const vectors = new Float32Array(basis.length)
  for (const one of places) {
    for (let at = 0; at < width; at++) {
      if (at === first) continue
      const value = (basis[one * width + at] as number) * Math.sqrt(Math.max(0, strength[at] as number))
      vectors[one * width + at] = value / Math.sqrt(perItem[one] as number)
    }
  }
  return unitVectors({ width, vectors, present: Uint8Array.from(perItem, (count) => (count > 0 ? 1 : 0)) })
}

/** How much of the table each direction holds. */
function strengths(basis: Float64Array, multiplied: Float64Array, width: number): number[] {
  const found = Array.from({ length: width }, () => 0)
  for (const [at, value] of basis.entries())
    found[at % width] = (found[at % width] as number) + value * (multiplied[at] as number)
  return found
}

/** Makes the columns orthogonal and of length 1, in place, by Gram and Schmidt. */
function orthonormalize(basis: Float64Array, width: number, places: Int32Array): void {
  for (let column = 0; column < width; column++) {
    for (let before = 0; before < column; before++) {
      let along = 0
      for (const one of places)
        along += (basis[one * width + column] as number) * (basis[one * width + before] as number)
      for (const one of places)
        basis[one * width + column] =
          (basis[one * width + column] as number) - along * (basis[one * width + before] as number)
    }
    let squares = 0
    for (const one of places) squares += (basis[one * width + column] as number) ** 2
    const length = Math.sqrt(squares) || 1
    for (const one of places) basis[one * width + column] = (basis[one * width + column] as number) / length
  }
}
