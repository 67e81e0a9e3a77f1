/** @file Which items a request lets into its list. */
import type { ItemIndex } from '../dataset/schema.ts'
import { conditionTests, type ItemTest } from '../rank/item-conditions.ts'
import { type KnownIds, unknownItem } from './known-ids.ts'
import type { Listing } from './listing.ts'
import type { ItemFilter } from './service.ts'

/**
 * The test of a filter: every condition has to hold.
 * @throws UserError `unknown` for a field, a value or an item that the catalog does not have, `invalid` for a condition
 * of another type
 */
export function filterTest(filter: ItemFilter, listing: Listing, known: Pick<KnownIds, 'items'>): ItemTest {
  const { allow, block } = filter
  const tests = conditionTests(filter, listing.catalog)
  if (allow) {
    const items = itemsOf('filter.allow', allow, listing, known)
    tests.push((item) => items.has(item))
  }
  if (block) {
    const items = itemsOf('filter.block', block, listing, known)
    tests.push((item) => !items.has(item))
  }
  return (item) => tests.every((test) => test(item))
}

/** The items of a list of ids; those that were put and are not in the dataset are known and never ranked. */
function itemsOf(
  where: string,
  ids: readonly string[],
  { records }: Listing,
  known: Pick<KnownIds, 'items'>,
): ReadonlySet<ItemIndex> {
  const found = new Set<ItemIndex>()
  for (const [at, id] of ids.entries()) {
    const item = known.items.get(id)
    if (item !== undefined) found.add(item)
    else if (!records.has(id)) throw unknownItem(`${where}[${at}]`, id, known)
  }
  return found
}
