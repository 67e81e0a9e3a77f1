/** @file A user's recommendations with their reasons, in the log's own ids and titles. */

import { excludedItems } from '../dataset/candidates.ts'
import { historyOf } from '../dataset/histories.ts'
import type { Dataset, History, Split } from '../dataset/schema.ts'
import { type ScoredItem, topItems } from '../dataset/top-items.ts'
import { unknownName } from '../errors.ts'
import type { Explanation, Scorer } from '../models/contract/scorer.ts'
import { bestListed } from './best-left.ts'
import { leftToPopularity, popularScores } from './empty-histories.ts'
import { type ItemConditions, type LeftOut, leftOutOf } from './item-conditions.ts'
import { knownItem } from './known-item.ts'
import { checkTop } from './list-length.ts'
import { itemNamed, type Reasons, reasonsNamed } from './named-reasons.ts'

/** One recommended item. */
export interface Recommendation extends Reasons {
  readonly id: string
  readonly title: string
  readonly score: number
}
/** What {@link recommend} gives. */
export interface Recommendations {
  /** Null for a history that is nobody's. */
  readonly user: string | null
  /** False for a user the dataset does not have: the items are then the popular ones of the training data. */
  readonly known: boolean
  /** Whether the items are the popular ones, for want of any event of the user. */
  readonly popular: boolean
  readonly items: readonly Recommendation[]
}

/** How long a list is, 10 items by default, and which items may be in it. */
interface ListOptions {
  readonly top?: number
  readonly filter?: ItemConditions
}

/** Whom to ask: what `openRun` returns. */
interface Trained {
  readonly scorer: Scorer
  readonly dataset: Dataset
  readonly split: Split
}

/**
 * The best `top` items (10 by default) for a user by the id of the log, items excluded by the dataset's candidates
 * policy and by the filter.
 * @throws UserError `unknown` or `invalid` for a condition of the filter, `invalid` for a `top` that is not a whole
 * number from 1
 */
export async function recommend(
  { scorer, dataset, split }: Trained,
  user: string,
  { top = 10, filter }: ListOptions = {},
): Promise<Recommendations> {
  checkTop(top)
  const index = dataset.userIds.indexOf(user, 1)
  if (index < 0) {
    const items = topItems(popularScores(dataset, split), top, leftOutOf(dataset.catalog, filter)(new Set()))
    return { user, known: false, popular: true, items: items.map((scored) => named(dataset, scored)) }
  }
  const history = historyOf(dataset.events, index)
  const items = await bestItems({ scorer, dataset }, history, { top, filter })
  return { user, known: true, popular: leftToPopularity(scorer, history), items }
}

/**
 * The best `top` items (10 by default) for somebody who did something with these items, by their ids, the last one
 * last: a visitor that the dataset does not have.
 * @param behavior what was done with each item; the target by default
 * @throws UserError `unknown` for an item or a behavior that the dataset does not have, `invalid` for a `top` that is
 * not a whole number from 1
 */
export async function recommendFrom(
  { scorer, dataset }: Pick<Trained, 'scorer' | 'dataset'>,
  ids: readonly string[],
  { top = 10, filter, behavior }: ListOptions & { readonly behavior?: string } = {},
): Promise<Recommendations> {
  checkTop(top)
  const { manifest, events } = dataset
  const name = behavior ?? manifest.target
  const done = manifest.behaviors.indexOf(name)
  if (done < 0) throw unknownName('behavior', name, manifest.behaviors)
  const item = ids.map((id) => knownItem(dataset, id))
  // The visitor is here now: just after the last event of the log.
  const last = events.time.reduce((most, time) => Math.max(most, time), 0)
  const history: History = {
    user: 0,
    item: Int32Array.from(item),
    behavior: new Uint8Array(item.length).fill(done),
    time: Float64Array.from(item, (_, at) => last + 1 + at),
  }
  const items = await bestItems({ scorer, dataset }, history, { top, filter })
  return { user: null, known: true, popular: item.length === 0, items }
}

async function bestItems(
  { scorer, dataset }: Pick<Trained, 'scorer' | 'dataset'>,
  history: History,
  { top, filter }: { readonly top: number; readonly filter: ItemConditions | undefined },
): Promise<Recommendation[]> {
  const excluded = leftOutOf(dataset.catalog, filter)(excludedItems(dataset, history))
  const best =
    (await indexedItems(scorer, history, top, excluded)) ?? topItems(await scorer.score([history]), top, excluded)
  const reasons = await scorer.explain?.(
    history,
    best.map(({ item }) => item),
  )
  return best.map((scored, at) => named(dataset, scored, reasons?.[at]))
}

/** What an index finds; undefined without one, and where too few of what it finds are left. */
async function indexedItems(
  scorer: Scorer,
  history: History,
  top: number,
  excluded: LeftOut,
): Promise<readonly ScoredItem[] | undefined> {
  const { approximate, itemCount } = scorer
  if (!approximate) return undefined
  const list = async (length: number) => (await scorer.best?.([history], length))?.[0] ?? []
  return bestListed(list, top, { excluded, itemCount, approximate })
}

const named = (dataset: Dataset, { item, score }: ScoredItem, explanation?: Explanation): Recommendation => ({
  ...itemNamed(dataset, item),
  score,
  ...(explanation && reasonsNamed(dataset, explanation)),
})
