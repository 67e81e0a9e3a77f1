/** @file The rank of every target of a split part, in the full catalog and among sampled negatives. */

import { excludedItems } from '../dataset/candidates.ts'
import { historyBefore } from '../dataset/histories.ts'
import { negativeCount, negativesOf } from '../dataset/negatives.ts'
import type { Dataset, Events, History, ItemIndex, Split } from '../dataset/schema.ts'
import { topItems } from '../dataset/top-items.ts'
import { UserError } from '../errors.ts'
import { expectedRank } from '../metrics/expected-rank.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { checkCandidates, checkInput, checkTraining } from './leak-check.ts'

/** Scores held at once, 64 MiB: a batch over a large catalog is made smaller. */
const scoresHeld = 2 ** 24
/** Histories that are scored at once where nothing else is asked for. */
export const historiesAtOnce = (items: number): number =>
  Math.max(1, Math.min(256, Math.floor(scoresHeld / (items + 1))))

/** What to rank, and how the model is asked. */
export interface RankOptions {
  part: 'validation' | 'test'
  /** Draws the sampled negatives. */
  seed: number
  /**
   * How many of a user's last events the model is shown; all by default, of which each model reads what it was built
   * for.
   */
  maxLength?: number
  /** Histories scored at once; by default 256, fewer over a large catalog. */
  batchSize?: number
  /** Whether to rank among sampled negatives too; true by default. */
  sampled?: boolean
  /** Is told how many targets are ranked. */
  counted?: (done: number, all: number) => void
  /** Length of the lists to keep, for metrics of lists; none by default. */
  listLength?: number
  /**
   * What histories are cut from in place of the dataset's events, such as the same without a behavior. Targets, and the
   * items that are left out, stay those of the dataset.
   */
  shown?: Events
}

/** The ranks one model gives to the targets of one split part; all arrays are [targets], in the split's order. */
export interface TargetRanks {
  readonly kind: 'ranks'
  readonly model: string
  /** The event row of each target. */
  readonly rows: Int32Array
  readonly user: Int32Array
  /** How many events the user has before the target's time, shown to the model or not. */
  readonly earlier: Int32Array
  /** Expected rank among the full catalog less the excluded items, from 1. */
  readonly full: Float64Array
  /** Expected rank among the target and its sampled negatives. */
  readonly sampled99?: Float64Array
  /** The best items for each target, less the excluded ones, where lists were asked for. */
  readonly lists?: readonly Int32Array[]
}

/** What the rank of one target is asked by. */
export interface Question {
  readonly item: ItemIndex
  /** What the model is shown. */
  readonly history: History
  /** Items that are left out. */
  readonly excluded: ReadonlySet<ItemIndex>
}

/** Who ranks targets without scores of the whole catalog at hand. */
export interface Ranker extends Pick<Scorer, 'slug' | 'itemCount'> {
  /** The expected rank of each target among all items but the pad and those left out; NaN where a score is NaN. */
  ranks(questions: readonly Question[]): Promise<Float64Array>
}

/** A question, the place of its target among those of the part, and the target's event row. */
interface Placed extends Question {
  readonly target: number
  readonly row: number
}

/** The targets of a split part, and the questions about them in batches. */
interface Asked extends Pick<TargetRanks, 'rows' | 'user' | 'earlier'> {
  readonly batchSize: number
  readonly batches: Iterable<readonly Placed[]>
}

/**
 * Ranks every target of a split part with a model. The guard of leak-check.ts is always on.
 * @throws UserError `empty` without targets, `mismatched` for a model of another catalog, `invalid` for NaN scores or
 * too few items for the sampled negatives, `leaked` from the guard
 */
export async function rankTargets(
  scorer: Scorer,
  dataset: Dataset,
  split: Split,
  options: RankOptions,
): Promise<TargetRanks> {
  const { sampled = true, listLength = 0 } = options
  const { rows, user, earlier, batchSize, batches } = askedOf(scorer, dataset, split, options)
  const itemRows = dataset.catalog.ids.length
  const full = new Float64Array(rows.length)
  const sampled99 = sampled ? new Float64Array(rows.length) : undefined
  const lists = listLength > 0 ? Array.from<Int32Array>({ length: rows.length }) : undefined
  // One array holds the scores of every batch: each is read before the next is written.
  const held = new Float32Array(Math.min(batchSize, rows.length) * itemRows)
  for (const batch of batches) {
    const scores = await scorer.score(
      batch.map(({ history }) => history),
      held,
    )
    for (const [at, question] of batch.entries()) {
      const { target, row, excluded } = question
      const ownScores = scores.subarray(at * itemRows, (at + 1) * itemRows)
      full[target] = aNumber(rankAmong(ownScores, question), scorer, dataset, row)
      if (lists) lists[target] = Int32Array.from(topItems(ownScores, listLength, excluded), ({ item }) => item)
      if (sampled99) sampled99[target] = sampledRank(dataset, row, ownScores, options.seed)
    }
  }
  return {
    kind: 'ranks',
    model: scorer.slug,
    rows,
    user,
    earlier,
    full,
    ...(sampled99 && { sampled99 }),
    ...(lists && { lists }),
  }
}

/**
 * The ranks in the full catalog alone, by whoever has no scores of it at hand.
 * @throws UserError as {@link rankTargets}
 */
export async function fullRanks(
  ranker: Ranker,
  dataset: Dataset,
  split: Split,
  options: Omit<RankOptions, 'sampled' | 'listLength'>,
): Promise<Float64Array> {
  const { rows, batches } = askedOf(ranker, dataset, split, options)
  const full = new Float64Array(rows.length)
  for (const batch of batches) {
    const ranks = await ranker.ranks(batch)
    for (const [at, { target, row }] of batch.entries())
      full[target] = aNumber(ranks[at] as number, ranker, dataset, row)
  }
  return full
}

/** What is asked of a split part, checked. */
function askedOf(
  scorer: Pick<Scorer, 'slug' | 'itemCount'>,
  dataset: Dataset,
  split: Split,
  options: RankOptions,
): Asked {
  const rows = split[options.part]
  const itemCount = dataset.catalog.ids.length - 1
  checkRequest(scorer, dataset, rows.length, options.part)
  checkTraining(dataset, split)
  const { maxLength = Number.POSITIVE_INFINITY, batchSize = historiesAtOnce(itemCount), shown, counted } = options
  const { events } = dataset
  const user = rows.map((row) => events.user[row] as number)
  const earlier = rows.map(
    (row, target) => historyBefore(events, user[target] as number, events.time[row] as number).item.length,
  )
  // Histories of like length share a batch, so that little of it is padding.
  const order = rows.map((_, target) => target).sort((a, b) => (earlier[a] as number) - (earlier[b] as number) || a - b)
  return { rows, user, earlier, batchSize, batches: batches() }

  function* batches(): Iterable<readonly Placed[]> {
    for (let from = 0; from < order.length; from += batchSize) {
      const batch = order.subarray(from, from + batchSize)
      yield Array.from(batch, (target) => {
        const row = rows[target] as number
        const history = inputOf(dataset, row, { maxLength, shown })
        return { target, row, item: events.item[row] as number, history, excluded: excludedAt(dataset, row) }
      })
      counted?.(from + batch.length, rows.length)
    }
  }
}

function checkRequest(
  scorer: Pick<Scorer, 'slug' | 'itemCount'>,
  dataset: Dataset,
  targets: number,
  part: string,
): void {
  const items = dataset.catalog.ids.length - 1
  if (scorer.itemCount !== items) {
    throw new UserError({
      where: scorer.slug,
      problem: 'mismatched',
      value: `${scorer.itemCount} items`,
      expected: `the ${items} items of ${dataset.manifest.name}`,
    })
  }
  if (targets === 0) {
    throw new UserError({
      where: `${dataset.manifest.name} ${part}`,
      problem: 'empty',
      value: '0 targets',
      hint: 'choose another split protocol or cut',
    })
  }
}

/** What the model is shown for a target: the user's last events strictly before it. */
function inputOf(
  dataset: Dataset,
  row: number,
  { maxLength, shown }: { readonly maxLength: number; readonly shown: Events | undefined },
): History {
  const { events } = dataset
  const [user, time] = [events.user[row] as number, events.time[row] as number]
  // The guard tells rows of the dataset; other events are cut at the same time.
  if (shown) return historyBefore(shown, user, time, { maxLength })
  const history = historyBefore(events, user, time, { maxLength })
  checkInput(dataset, row, history)
  return history
}

/** The items that are left out for whoever has a target. @throws UserError `leaked` when the target is one of them */
function excludedAt(dataset: Dataset, row: number): ReturnType<typeof excludedItems> {
  const { events } = dataset
  const excluded = excludedItems(dataset, historyBefore(events, events.user[row] as number, events.time[row] as number))
  checkCandidates(dataset, row, excluded)
  return excluded
}

/** The expected rank of a target among all items but the pad and the excluded ones; NaN where a score is. */
export function rankAmong(scores: Float32Array, { item, excluded }: Pick<Question, 'item' | 'excluded'>): number {
  const target = scores[item] as number
  // The excluded items take away what they added.
  const lost =
    expectedRank(
      target,
      Float32Array.from(excluded, (one) => scores[one] as number),
    ) - 1
  // The target is tied with itself, which is half a place.
  return expectedRank(target, scores.subarray(1)) - 0.5 - lost
}

/** @throws UserError `invalid` for a rank that NaN scores have led to */
function aNumber(rank: number, { slug }: Pick<Scorer, 'slug'>, { events, userIds }: Dataset, row: number): number {
  if (!Number.isNaN(rank)) return rank
  throw new UserError({
    where: slug,
    problem: 'invalid',
    value: `NaN among the scores of user "${userIds[events.user[row] as number]}"`,
    expected: 'numbers',
    hint: 'if it was just trained, lower the learning rate',
  })
}

/** The expected rank of a target among itself and its sampled negatives. */
function sampledRank(dataset: Dataset, row: number, scores: Float32Array, seed: number): number {
  const negatives = negativesOf(dataset, row, { count: negativeCount, seed })
  if (negatives.length < negativeCount) throw tooFewItems(dataset, row, negatives.length)
  return expectedRank(
    scores[dataset.events.item[row] as number] as number,
    Float32Array.from(negatives, (item) => scores[item] as number),
  )
}

function tooFewItems({ manifest, userIds, events }: Dataset, row: number, found: number): UserError {
  return new UserError({
    where: `${manifest.name}, user "${userIds[events.user[row] as number]}"`,
    problem: 'invalid',
    value: `${found} items never touched`,
    expected: `at least ${negativeCount} for sampled metrics`,
    hint: 'rank against the full catalog alone',
  })
}
