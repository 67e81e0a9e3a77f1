/** @file What is left of the best items that a scorer keeps. */
import type { ItemIndex } from '../dataset/schema.ts'
import type { ScoredItem } from '../dataset/top-items.ts'
import { bestKept } from './pass-sizes.ts'

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

/** Lists of the best items, by how many there are. */
type Listing = (length: number) => Promise<readonly ScoredItem[]>

/**
 * The `count` best items that are not excluded, by one list after the other, see {@link listLengths}; undefined where
 * too few of each are left.
 */
export async function bestListed(
  list: Listing,
  count: number,
  {
    approximate,
    ...left
  }: { excluded: { has(item: ItemIndex): boolean }; itemCount: number; approximate?: boolean | undefined },
): Promise<readonly ScoredItem[] | undefined> {
  for (const length of listLengths(count, { approximate })) {
    const found = bestLeft(await list(length), count, left)
    if (found) return found
  }
  return undefined
}

/** The shortest and the longest list that an index is asked for: past that, all scores take less time. */
const listed = { least: 64, most: 2048 } as const

/**
 * How long lists are asked for, one after the other, until `count` items of one are left: a scorer keeps a list of one
 * length, an index gives ever longer ones.
 */
export function listLengths(
  count: number,
  { approximate = false }: { readonly approximate?: boolean | undefined },
): number[] {
  if (!approximate) return count <= bestKept ? [bestKept] : []
  const first = Math.max(listed.least, 2 ** Math.ceil(Math.log2(2 * count)))
  return [first, 8 * first].filter((length) => length <= listed.most)
}
