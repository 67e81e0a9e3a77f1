/** @file The items nearest to one, by the cosine of their rows in the table that ranks. */
import type { ItemIndex } from '../dataset/schema.ts'
import type { ItemScores } from '../models/contract/model.ts'

/** The length of each row of a table. */
export function rowLengths({ table, width }: ItemScores): Float32Array {
  const lengths = new Float32Array(table.length / width)
  for (let row = 0; row < lengths.length; row++) {
    let sum = 0
    for (let at = row * width; at < (row + 1) * width; at++) sum += (table[at] as number) ** 2
    lengths[row] = Math.sqrt(sum)
  }
  return lengths
}

/**
 * The cosine of every item's row with one item's, [items + 1]; -Infinity for the pad and the item itself, and 0 where
 * a row is all zeros.
 * @param lengths of the table's rows
 */
export function cosinesTo({ table, width }: ItemScores, item: ItemIndex, lengths: Float32Array): Float32Array {
  const own = table.slice(item * width, (item + 1) * width)
  const cosines = new Float32Array(lengths.length)
  for (let row = 1; row < cosines.length; row++) {
    const first = row * width
    let product = 0
    for (let at = 0; at < width; at++) product += (own[at] as number) * (table[first + at] as number)
    const both = (lengths[row] as number) * (lengths[item] as number)
    cosines[row] = both > 0 ? product / both : 0
  }
  cosines[0] = Number.NEGATIVE_INFINITY
  cosines[item] = Number.NEGATIVE_INFINITY
  return cosines
}
