/** @file Recommendations for every user of a dataset, some users at a time. */
import { excludedItems } from '../dataset/candidates.ts'
import { historyOf } from '../dataset/histories.ts'
import type { Dataset, History, UserIndex } from '../dataset/schema.ts'
import { type ScoredItem, topItems } from '../dataset/top-items.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { bestLeft, listLengths } from './best-left.ts'
import { type ItemConditions, type LeftOut, leftOutOf } from './item-conditions.ts'
import { checkTop } from './list-length.ts'

/** The best items of one user, best first. */
export interface UserList {
  readonly user: UserIndex
  readonly items: readonly ScoredItem[]
}

/** Users that are scored at once: as many as a scorer compiles a batch for. */
const usersAtOnce = 128

/**
 * The best `top` items of every user, in the order of the users, items excluded by the dataset's candidates policy and
 * by the filter. The scores of one batch are all that is held.
 * @throws UserError as `conditionTests`, and `invalid` for a `top` that is not a whole number from 1
 */
export async function* recommendAll(
  { scorer, dataset }: { readonly scorer: Scorer; readonly dataset: Dataset },
  { top = 10, filter }: { top?: number; filter?: ItemConditions } = {},
): AsyncGenerator<readonly UserList[]> {
  checkTop(top)
  const { itemCount } = scorer
  const width = itemCount + 1
  const users = dataset.userIds.length - 1
  const leftOut = leftOutOf(dataset.catalog, filter)
  let held = new Float32Array(0)
  const scoresOf = async (histories: readonly History[]): Promise<Float32Array> => {
    if (held.length < histories.length * width) held = new Float32Array(histories.length * width)
    return scorer.score(histories, held)
  }
  for (let from = 1; from <= users; from += usersAtOnce) {
    const histories = Array.from({ length: Math.min(usersAtOnce, users + 1 - from) }, (_, at) =>
      historyOf(dataset.events, from + at),
    )
    const excluded = histories.map((history) => leftOut(excludedItems(dataset, history)))
    const lists: (readonly ScoredItem[] | undefined)[] = histories.map(() => undefined)
    const without = (): number[] => histories.flatMap((_, row) => (lists[row] ? [] : [row]))
    for (const length of scorer.best ? listLengths(top, scorer) : []) {
      const rows = without()
      if (rows.length === 0) break
      const kept = await scorer.best?.(
        rows.map((row) => histories[row] as History),
        length,
      )
      for (const [at, row] of rows.entries()) {
        const own = { excluded: excluded[row] as LeftOut, itemCount }
        lists[row] = bestLeft(kept?.[at] ?? [], top, own)
      }
    }
    // All scores are read of those users alone of whose best items too few are left.
    const missing = without()
    const scores = missing.length > 0 ? await scoresOf(missing.map((row) => histories[row] as History)) : held
    for (const [at, row] of missing.entries())
      lists[row] = topItems(scores.subarray(at * width, (at + 1) * width), top, excluded[row])
    yield histories.map(({ user }, row) => ({ user, items: lists[row] as readonly ScoredItem[] }))
  }
}
