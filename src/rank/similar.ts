/** @file The items nearest to one, by the cosine of their rows in the table that ranks. */
import type { Dataset, ItemIndex } from '../dataset/schema.ts'
import { topItems } from '../dataset/top-items.ts'
import { UserError } from '../errors.ts'
import type { ItemTable, Scorer } from '../models/contract/scorer.ts'
import { knownItem } from './known-item.ts'
import { checkTop } from './list-length.ts'
import { itemNamed } from './named-reasons.ts'

/** An item that is near another. */
export interface SimilarItem {
  readonly id: string
  readonly title: string
  /** The cosine of their rows, in [-1, 1]. */
  readonly cosine: number
}

/**
 * The `top` items (10 by default) nearest to one by the id of the log.
 * @throws UserError `unknown` for an item that the dataset does not have, `unsupported` for a model without a table,
 * `invalid` for a `top` that is not a whole number from 1
 */
export async function similar(
  { scorer, dataset }: { readonly scorer: Scorer; readonly dataset: Dataset },
  id: string,
  { top = 10 }: { top?: number } = {},
): Promise<readonly SimilarItem[]> {
  checkTop(top)
  const item = knownItem(dataset, id)
  const cosines = cosinesTo(await itemTableOf(scorer), item)
  return topItems(cosines, top, new Set([item])).map((near) => ({
    ...itemNamed(dataset, near.item),
    cosine: near.score,
  }))
}

/**
 * The table that ranks.
 * @param where what asks for it
 * @throws UserError `unsupported` for a model that ranks otherwise
 */
export async function itemTableOf(
  { slug, itemTable }: Pick<Scorer, 'slug' | 'itemTable'>,
  where = 'similar',
): Promise<ItemTable> {
  if (itemTable) return itemTable()
  const value = `${slug} ranks without a table of items`
  const expected = 'a trained model whose items have vectors, as sasrec'
  throw new UserError({ where, problem: 'unsupported', value, expected })
}

/** How much of a row is the item's vector. */
export const vectorWidth = ({ width, bias }: ItemTable): number => (bias ? width - 1 : width)

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
