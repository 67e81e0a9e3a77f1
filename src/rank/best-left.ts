/** @file What is left of the best items that a scorer keeps. */
import type { ItemIndex } from '../dataset/schema.ts'
import type { ScoredItem } from '../dataset/top-items.ts'

/**
 * The `count` best of a scorer's best items that are not excluded; undefined where there may be better ones than those
 * that are left, so that all scores have to be read.
 * @param best what `Scorer.best` gives of a history
 * @param itemCount how many items there are
 */
export function bestLeft(
  best: readonly ScoredItem[],
  count: number,
  { excluded, itemCount }: { readonly excluded: { has(item: ItemIndex): boolean }; readonly itemCount: number },
): readonly ScoredItem[] | undefined {
  const left = best.filter(({ item }) => !excluded.has(item)).slice(0, count)
  return left.length === count || best.length === itemCount ? left : undefined
}
