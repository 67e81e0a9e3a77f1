/** @file The items nearest to one, by the cosine of their rows in the table that ranks. */
import type { ItemIndex } from '../dataset/schema.ts'
import type { ItemTable } from '../models/contract/scorer.ts'

/** How much of a row is the item's vector. */
const vectorWidth = ({ width, bias }: ItemTable): number => (bias ? width - 1 : width)

/** The length of each item's vector. */
export function rowLengths(items: ItemTable): Float32Array {
  const { table, width } = items
  const lengths = new Float32Array(table.length / width)
  const compared = vectorWidth(items)
  for (let row = 0; row < lengths.length; row++) {
    let sum = 0
    for (let at = row * width; at < row * width + compared; at++) sum += (table[at] as number) ** 2
    lengths[row] = Math.sqrt(sum)
  }
  return lengths
}

/**
 * The cosine of every item's row with one item's, [items + 1]; -Infinity for the pad and the item itself, and 0 where
 * a row is all zeros.
 * @param lengths of the table's rows
 */
export function cosinesTo(items: ItemTable, item: ItemIndex, lengths = rowLengths(items)): Float32Array {
  const { table, width } = items
  const own = table.slice(item * width, item * width + vectorWidth(items))
  const cosines = new Float32Array(lengths.length)
  for (let row = 1; row < cosines.length; row++) {
    const first = row * width
    let product = 0
    for (let at = 0; at < own.length; at++) product += (own[at] as number) * (table[first + at] as number)
    const both = (lengths[row] as number) * (lengths[item] as number)
    cosines[row] = both > 0 ? product / both : 0
  }
  cosines[0] = Number.NEGATIVE_INFINITY
  cosines[item] = Number.NEGATIVE_INFINITY
  return cosines
}
