/** @file The rank of every target of a split part, in the full catalog and among sampled negatives. */

import { excludedItems } from '../dataset/candidates.ts'
import { historyBefore } from '../dataset/histories.ts'
import { negativeCount, negativesOf } from '../dataset/negatives.ts'
import type { Dataset, Events, History, Split } from '../dataset/schema.ts'
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
  const rows = split[options.part]
  const itemCount = dataset.catalog.ids.length - 1
  checkRequest(scorer, dataset, rows.length, options.part)
  checkTraining(dataset, split)
  const {
    maxLength = Number.POSITIVE_INFINITY,
    sampled = true,
    listLength = 0,
    batchSize = historiesAtOnce(itemCount),
    shown,
  } = options
  const { events } = dataset
  const user = rows.map((row) => events.user[row] as number)
  const earlier = rows.map(
    (row, target) => historyBefore(events, user[target] as number, events.time[row] as number).item.length,
  )
  const full = new Float64Array(rows.length)
  const sampled99 = sampled ? new Float64Array(rows.length) : undefined
  const lists = listLength > 0 ? Array.from<Int32Array>({ length: rows.length }) : undefined
  // Histories of like length share a batch, so that little of it is padding.
  const order = rows.map((_, target) => target).sort((a, b) => (earlier[a] as number) - (earlier[b] as number) || a - b)
  // One array holds the scores of every batch: each is read before the next is written.
  const held = new Float32Array(Math.min(batchSize, rows.length) * (itemCount + 1))
  for (let from = 0; from < order.length; from += batchSize) {
    const batch = order.subarray(from, from + batchSize)
    const histories = Array.from(batch, (target) => inputOf(dataset, rows[target] as number, { maxLength, shown }))
    const scores = await scorer.score(histories, held)
    batch.forEach((target, at) => {
      const ownScores = scores.subarray(at * (itemCount + 1), (at + 1) * (itemCount + 1))
      const row = rows[target] as number
      const excluded = excludedAt(dataset, row)
      full[target] = fullRank(scorer.slug, dataset, row, { scores: ownScores, excluded })
      if (lists) lists[target] = Int32Array.from(topItems(ownScores, listLength, excluded), ({ item }) => item)
      if (sampled99) sampled99[target] = sampledRank(dataset, row, ownScores, options.seed)
    })
    options.counted?.(from + batch.length, rows.length)
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

function checkRequest(scorer: Scorer, dataset: Dataset, targets: number, part: string): void {
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

/** The scores of all items for a target, and those that are left out. */
interface Ranking {
  readonly scores: Float32Array
  readonly excluded: ReturnType<typeof excludedItems>
}

/** The expected rank of a target among all items but the pad and the excluded ones. */
function fullRank(model: string, { events, userIds }: Dataset, row: number, { scores, excluded }: Ranking): number {
  const target = scores[events.item[row] as number] as number
  const inCatalog = expectedRank(target, scores.subarray(1))
  if (Number.isNaN(inCatalog)) {
    const hint = 'if it was just trained, lower the learning rate'
    throw new UserError({
      where: model,
      problem: 'invalid',
      value: `NaN among the scores of user "${userIds[events.user[row] as number]}"`,
      expected: 'numbers',
      hint,
    })
  }
  // The target tied with itself, which is half a place; the excluded items take away what they added.
  const lost =
    expectedRank(
      target,
      Float32Array.from(excluded, (item) => scores[item] as number),
    ) - 1
  return inCatalog - 0.5 - lost
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
