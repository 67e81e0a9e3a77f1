/** @file What hangs on an item alone, made once for the whole catalog where that is less than for each item read. */
import type { Impressions } from '../../batches/impressions.ts'
import { concat, reshape } from '../../tensor/move.ts'
import { sizeOf, type Tensor } from '../../tensor/node.ts'
import { countsOf } from '../../tensor/segment-sum.ts'
import type { CatalogShape } from '../contract/catalog.ts'

/** Something of items by indices of any shape, [..] -> [.., W]; of all items, [V + 1, W], without indices. */
export type OfItems = (ids?: Tensor) => Tensor

/**
 * Whether a batch reads more items than the catalog has, or is one request: what is made of the whole catalog when
 * serving is made once for all requests.
 */
export const readsCatalog = (
  { itemCount }: Pick<CatalogShape, 'itemCount'>,
  { rows, histories, history_HL }: Pick<Impressions, 'rows' | 'histories' | 'history_HL'>,
): boolean => histories === 1 || itemCount + 1 < sizeOf(history_HL.shape) + rows

/** The same, looked up in what is made of the whole catalog. @param whole whether that is to be made */
export function catalogOnce(whole: boolean, of: OfItems): OfItems {
  if (!whole) return of
  const every = of()
  return (ids) => (ids ? every.rows(ids) : every)
}

/**
 * 1 for each item that a batch reads and 0 for the others, [V + 1] int64; undefined when serving. What is made of the
 * whole catalog in training looks up the rows of these in its tables, and the pad's row for all others: a step then
 * moves and regularizes the rows that it reads, as where each item is looked up by itself.
 */
export function itemsRead(
  { itemCount }: Pick<CatalogShape, 'itemCount'>,
  { rows, history_HL, item_B, serving }: Pick<Impressions, 'rows' | 'history_HL' | 'item_B' | 'serving'>,
): Tensor | undefined {
  if (serving) return undefined
  const count = sizeOf(history_HL.shape) + rows
  const counts = countsOf(concat([reshape(history_HL, [-1]), item_B], 0), { count, size: itemCount + 1 })
  return counts.cast('float32').greater(0).cast('int64')
}
