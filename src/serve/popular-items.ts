/** @file A list for somebody of whom the model reads nothing: popular items of different kinds. */
import type { Catalog, Field, ItemIndex } from '../dataset/schema.ts'
import type { ScoredItem } from '../dataset/top-items.ts'
import type { ItemTest } from '../rank/item-conditions.ts'

/** Lists popular items. */
export type PopularItems = (count: number, catalog: Pick<Catalog, 'fields'>, isAllowed: ItemTest) => ScoredItem[]

/**
 * Popular items of different kinds. A kind is a value of the first categorical field. First comes the most popular item
 * of each kind, the kinds by that item's popularity; then the second of each, and so on. Items that were never a target
 * come last. Without a field it is plain popularity.
 * @param popularity how often each item was a target in training, [items + 1]
 */
export function popularItems(popularity: Float32Array): PopularItems {
  const scoreOf = (item: number): number => popularity[item] as number
  const order = Int32Array.from({ length: popularity.length - 1 }, (_, at) => at + 1).sort(
    (a, b) => scoreOf(b) - scoreOf(a) || a - b,
  )
  return (count, { fields }, isAllowed) => {
    const [kinds] = Object.values(fields)
    const { popular, others } = allowedOf(order, { count, kinds, isAllowed, scoreOf })
    const rounds: ItemIndex[] = []
    for (let round = 0; rounds.length < count && popular.some((items) => items.length > round); round++) {
      for (const items of popular) if (items[round] !== undefined) rounds.push(items[round] as number)
    }
    return [...rounds, ...others].slice(0, count).map((item) => ({ item, score: scoreOf(item) }))
  }
}

/** The items that may be listed, the popular ones by kind: no more of each than the list could take. */
function allowedOf(
  order: Int32Array,
  given: {
    readonly count: number
    readonly kinds: Field | undefined
    readonly isAllowed: ItemTest
    readonly scoreOf: (item: number) => number
  },
): { popular: ItemIndex[][]; others: ItemIndex[] } {
  const { count, kinds, isAllowed, scoreOf } = given
  const byKind = new Map<number, ItemIndex[]>()
  const others: ItemIndex[] = []
  let listed = 0
  for (const item of order) {
    const isPopular = scoreOf(item) > 0
    if (!isPopular && listed + others.length >= count) break
    if (!isAllowed(item)) continue
    if (!isPopular) {
      others.push(item)
      continue
    }
    const kind = kinds?.values[item] ?? 0
    const items = byKind.get(kind) ?? []
    byKind.set(kind, items)
    if (items.length < count) {
      items.push(item)
      listed++
    }
  }
  return { popular: [...byKind.values()], others }
}
