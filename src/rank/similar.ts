/** @file The items nearest to one, by the table that ranks. */
import type { Dataset } from '../dataset/schema.ts'
import { topItems } from '../dataset/top-items.ts'
import { UserError, unknownName } from '../errors.ts'
import type { ItemTable, Scorer } from '../models/contract/scorer.ts'
import { cosinesTo } from './nearest-items.ts'

/** An item that is near another. */
export interface SimilarItem {
  readonly id: string
  readonly title: string
  /** The cosine of their rows, in [-1, 1]. */
  readonly cosine: number
}

/**
 * The `top` items (10 by default) nearest to one by the id of the log.
 * @throws UserError `unknown` for an item that the dataset does not have, `unsupported` for a model without a table
 */
export async function similar(
  { scorer, dataset }: { readonly scorer: Scorer; readonly dataset: Dataset },
  id: string,
  { top = 10 }: { top?: number } = {},
): Promise<readonly SimilarItem[]> {
  const { ids, titles } = dataset.catalog
  const item = ids.indexOf(id, 1)
  if (item < 0)
    throw unknownName(`${dataset.manifest.name} item`, id, ids.slice(1), { expected: 'an item of the dataset' })
  const cosines = cosinesTo(await itemTableOf(scorer), item)
  return topItems(cosines, top, new Set([item])).map((near) => ({
    id: ids[near.item] as string,
    title: titles[near.item] as string,
    cosine: near.score,
  }))
}

/** The table that ranks. @throws UserError `unsupported` for a model that ranks otherwise */
export async function itemTableOf({ slug, itemTable }: Pick<Scorer, 'slug' | 'itemTable'>): Promise<ItemTable> {
  if (itemTable) return itemTable()
  const value = `${slug} ranks without a table of items`
  const expected = 'a trained model whose items have vectors, as sasrec'
  throw new UserError({ where: 'similar', problem: 'unsupported', value, expected })
}
