/** @file Recommendations for every user of a dataset, some users at a time. */
import { excludedItems } from '../dataset/candidates.ts'
import { historyOf } from '../dataset/histories.ts'
import type { Dataset, UserIndex } from '../dataset/schema.ts'
import { type ScoredItem, topItems } from '../dataset/top-items.ts'
import type { Scorer } from '../models/contract/scorer.ts'

/** The best items of one user, best first. */
export interface UserList {
  readonly user: UserIndex
  readonly items: readonly ScoredItem[]
}

/** Users that are scored at once: as many as a scorer compiles a batch for. */
const usersAtOnce = 128

/**
 * The best `top` items of every user, in the order of the users, items excluded by the dataset's candidates policy. The
 * scores of one batch are all that is held.
 */
export async function* recommendAll(
  { scorer, dataset }: { readonly scorer: Scorer; readonly dataset: Dataset },
  { top = 10 }: { top?: number } = {},
): AsyncGenerator<readonly UserList[]> {
  const width = scorer.itemCount + 1
  const users = dataset.userIds.length - 1
  const scores = new Float32Array(Math.min(users, usersAtOnce) * width)
  for (let from = 1; from <= users; from += usersAtOnce) {
    const histories = Array.from({ length: Math.min(usersAtOnce, users + 1 - from) }, (_, at) =>
      historyOf(dataset.events, from + at),
    )
    await scorer.score(histories, scores)
    yield histories.map((history, row) => {
      const own = scores.subarray(row * width, (row + 1) * width)
      return { user: history.user, items: topItems(own, top, excludedItems(dataset, history)) }
    })
  }
}
