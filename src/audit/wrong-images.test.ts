import { describe, expect, it } from 'vitest'
import type { FeatureTable } from '../dataset/schema.ts'
import { mismatched } from './wrong-images.ts'

/** Item i has the vector [i, 100 + i]; item 3 has none. */
const count = 41
const table: FeatureTable = {
  width: 2,
  vectors: Float32Array.from({ length: 2 * (count + 1) }, (_, at) => {
    const item = at >> 1
    return item === 3 ? 0 : at % 2 === 0 ? item : 100 + item
  }),
  present: Uint8Array.from({ length: count + 1 }, (_, item) => (item === 0 || item === 3 ? 0 : 1)),
}
const owners = (share: number, seed = 1): number[] => {
  const { vectors } = mismatched(table, { share, seed })
  return Array.from({ length: count + 1 }, (_, item) => vectors[2 * item] as number)
}
const wrong = (share: number, seed = 1): number[] =>
  owners(share, seed).flatMap((owner, item) => (owner === item || item === 3 ? [] : [item]))

describe('wrong images', () => {
  it('go to the share of the 40 items with an image, whole vectors of other items', () => {
    for (const share of [0, 0.1, 0.5]) expect(wrong(share)).toHaveLength(40 * share)
    const { vectors, present } = mismatched(table, { share: 0.5, seed: 1 })
    for (const [item, owner] of owners(0.5).entries())
      expect(vectors[2 * item + 1]).toBe(item === 0 ? 100 : item === 3 ? 0 : 100 + owner)
    expect(owners(0.5)[3]).toBe(0)
    expect(present).toEqual(table.present)
  })

  it('are the same for a seed, part of its larger groups, and others for another seed', () => {
    expect(owners(0.3)).toEqual(owners(0.3))
    const larger = owners(0.5)
    for (const item of wrong(0.3)) expect(larger[item]).toBe(owners(0.3)[item])
    expect(wrong(0.3, 2)).not.toEqual(wrong(0.3))
  })

  it('leave the table they were made from as it was', () => {
    const before = table.vectors.slice()
    mismatched(table, { share: 0.5, seed: 1 })
    expect(table.vectors).toEqual(before)
  })
})
