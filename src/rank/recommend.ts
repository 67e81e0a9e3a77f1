/** @file A user's recommendations with their reasons, in the log's own ids and titles. */

import { excludedItems } from '../dataset/candidates.ts'
import { historyOf } from '../dataset/histories.ts'
import type { Dataset, Split } from '../dataset/schema.ts'
import { type ScoredItem, topItems } from '../dataset/top-items.ts'
import type { Explanation, Scorer } from '../models/contract/scorer.ts'
import { popularScores } from './empty-histories.ts'
import { itemNamed, type Reasons, reasonsNamed } from './named-reasons.ts'

/** One recommended item. */
export interface Recommendation extends Reasons {
  readonly id: string
  readonly title: string
  readonly score: number
}
/** What {@link recommend} gives. */
export interface Recommendations {
  readonly user: string
  /** False for a user the dataset does not have: the items are then the popular ones of the training data. */
  readonly known: boolean
  /** Whether the items are the popular ones, for want of any event of the user. */
  readonly popular: boolean
  readonly items: readonly Recommendation[]
}

/** Whom to ask: what `openRun` returns. */
interface Trained {
  readonly scorer: Scorer
  readonly dataset: Dataset
  readonly split: Split
}

/**
 * The best `top` items (10 by default) for a user by the id of the log, items excluded by the dataset's candidates
 * policy.
 */
export async function recommend(
  { scorer, dataset, split }: Trained,
  user: string,
  { top = 10 }: { top?: number } = {},
): Promise<Recommendations> {
  const index = dataset.userIds.indexOf(user, 1)
  if (index < 0) {
    const items = topItems(popularScores(dataset, split), top)
    return { user, known: false, popular: true, items: items.map((scored) => named(dataset, scored)) }
  }
  const history = historyOf(dataset.events, index)
  const scores = await scorer.score([history])
  const best = topItems(scores, top, excludedItems(dataset, history))
  const reasons = await scorer.explain?.(
    history,
    best.map(({ item }) => item),
  )
  const items = best.map((scored, at) => named(dataset, scored, reasons?.[at]))
  return { user, known: true, popular: history.item.length === 0, items }
}

const named = (dataset: Dataset, { item, score }: ScoredItem, explanation?: Explanation): Recommendation => ({
  ...itemNamed(dataset, item),
  score,
  ...(explanation && reasonsNamed(dataset, explanation)),
})
