/** @file Answers a request with open runs: a list for a user, candidates in order, items like one. */
import { excludedItems } from '../dataset/candidates.ts'
import type { BehaviorIndex, History, ItemIndex, UserIndex } from '../dataset/schema.ts'
import { type ScoredItem, topItems } from '../dataset/top-items.ts'
import { UserError, unknownName } from '../errors.ts'
import { leftToPopularity } from '../rank/empty-histories.ts'
import { reasonsOfClicks, usuallyTried } from '../rank/explain-clicks.ts'
import type { ItemTest } from '../rank/item-conditions.ts'
import { effectShares } from '../rank/leave-one-out.ts'
import { type Reasons, reasonsNamed } from '../rank/named-reasons.ts'
import { cosinesTo } from '../rank/similar.ts'
import type { EventStore } from '../store/event-store.ts'
import { filterTest } from './filters.ts'
import { checkId } from './incoming.ts'
import { behaviorOf, checkWhole, unknownItem } from './known-ids.ts'
import type { Listing } from './listing.ts'
import type { AnsweredItem, Exclusion, GivenEvent, Recommended, RecommendRequest } from './service.ts'
import type { Ordering, Retrieving, Serving, Stages } from './serving.ts'
import { shortestDecimal } from './shortest-decimal.ts'
import { type FreshRows, freshRows, givenRows, readPart, type WholeHistory, wholeHistory } from './user-histories.ts'

/** What answers are made with. */
export interface Answering {
  readonly serving: Serving
  readonly store: Pick<EventStore, 'history'>
  /** How many items the run that retrieves gives to the one that orders them. */
  readonly candidates: number
}

/** The most items of a list, and the most that may be skipped before it. */
const most = { top: 1000, offset: 100_000 } as const
/** The most events of one user that are asked of the store. */
const freshEvents = 10_000
/** How many events are named as the reasons of a predicted click. */
const namedEvents = 10

/** The last part of a run's folder. */
export const runName = ({ folder }: { readonly folder: string }): string =>
  folder.split(/[/\\]/).findLast((part) => part !== '') ?? folder

/** See `Service.recommend`. */
export async function recommended(answering: Answering, request: RecommendRequest): Promise<Recommended> {
  const { serving } = answering
  const { top = 10, offset = 0, filter = {}, exclude, explain = false, without = {} } = request
  checkWhole('top', top, { from: 1, to: most.top })
  checkWhole('offset', offset, { from: 0, to: most.offset })
  const stages = without.modalities?.length ? await serving.without(without.modalities) : serving.stages
  const retrieve = retrieving(stages)
  const hidden = hiddenBehaviors(serving, without.behaviors)
  const [asked, listing] = await Promise.all([askedEvents(answering, request), serving.listings.current()])
  const reading = readingOf(retrieve, asked, hidden)
  const passes = filterTest(filter, listing, serving.known)
  const excluded = exclusionOf(retrieve, reading.whole.history, exclude)
  const isAllowed = (item: ItemIndex): boolean => listing.available[item] === 1 && !excluded.has(item) && passes(item)
  const wanted = offset + top
  const counted = explain ? stagesLeft(listing, passes, isAllowed) : []
  const base = { run: runName(retrieve.run), events: eventsRead(reading, asked) }
  const told = (left: readonly StageLeft[]): Pick<Recommended, 'stages'> => (explain ? { stages: left } : {})
  if (leftToPopularity(retrieve.run.scorer, reading.shown)) {
    const popular = retrieve.popular(wanted, listing.catalog, isAllowed).slice(offset)
    const items = popular.map((scored) => answered(serving, listing, scored))
    return { ...base, items, fallback: 'popular', ...told(counted) }
  }
  const { rank } = stages
  const count = rank ? Math.max(answering.candidates, wanted) : wanted
  const left = { has: (item: ItemIndex): boolean => !isAllowed(item), most: Object.keys(filter).length > 0 }
  const best = await retrieve.queue.best(reading.shown, count, left)
  const retrieved = { stage: 'retrieved', left: best.length }
  if (!rank) {
    const items = best.slice(offset)
    const reasons = explain ? await retrieveReasons(retrieve, listing, reading.shown, items) : []
    return {
      ...base,
      items: items.map((scored, at) => answered(serving, listing, scored, reasons[at])),
      ...told([...counted, retrieved]),
    }
  }
  const ordering = readingOf(rank, asked, hidden)
  const page = { from: offset, to: wanted }
  const ordered = await orderedBy(rank, listing, { shown: ordering.shown, candidates: best, page, explain })
  const reasons = explain ? await retrieveReasons(retrieve, listing, reading.shown, ordered) : []
  return {
    ...base,
    items: ordered.map((one, at) => answered(serving, listing, one, { ...one.reasons, ...reasons[at] })),
    ...told([...counted, retrieved, { stage: 'ordered', left: best.length }]),
  }
}

/** See `Service.rank`. */
export async function rankedCandidates(
  answering: Answering,
  request: {
    readonly user?: string
    readonly history?: readonly GivenEvent[]
    readonly items: readonly string[]
    readonly explain?: boolean
  },
): Promise<Recommended> {
  const { serving } = answering
  const { rank, retrieve } = serving.stages
  if (!rank) {
    const value = `${retrieve?.run.run.model} ranks the catalog, and no model of clicks is served`
    const hint = 'serve one beside it: a run of deepfm, din or diff-msin'
    throw new UserError({ where: 'rank', problem: 'unsupported', value, expected: 'a model of clicks', hint })
  }
  const items = request.items.map((id, at) => {
    const item = serving.known.items.get(id)
    if (item === undefined) throw unknownItem(`items[${at}]`, id, serving.known)
    return item
  })
  const [asked, listing] = await Promise.all([askedEvents(answering, request), serving.listings.current()])
  const reading = readingOf(rank, asked, new Set())
  const candidates = [...new Set(items)].map((item) => ({ item, score: 0 }))
  const ordered = await orderedBy(rank, listing, { shown: reading.shown, candidates, explain: request.explain })
  return {
    items: ordered.map((one) => answered(serving, listing, { ...one, score: one.probability }, one.reasons)),
    run: runName(rank.run),
    events: eventsRead(reading, asked),
  }
}

/** See `Service.similar`. */
export async function similarItems(
  { serving }: Answering,
  id: string,
  { top = 10, filter = {} }: { readonly top?: number; readonly filter?: RecommendRequest['filter'] },
): Promise<Recommended> {
  checkWhole('top', top, { from: 1, to: most.top })
  const item = serving.known.items.get(id)
  const listing = await serving.listings.current()
  if (item === undefined) {
    if (!listing.records.has(id)) throw unknownItem('item', id, serving.known)
    const value = `"${id}", which came after the model was trained`
    throw new UserError({ where: 'item', problem: 'unsupported', value, expected: 'an item that the model ranks' })
  }
  const retrieve = retrieving(serving.stages)
  const { run } = retrieve
  const scores = await retrieve.table()
  if (!scores) {
    const value = `${run.run.model} has no table of items`
    const hint = 'serve a model that has one, such as sasrec or m3bsr'
    throw new UserError({ where: 'similar', problem: 'unsupported', value, expected: 'a table that ranks', hint })
  }
  const passes = filterTest(filter, listing, serving.known)
  const isAllowed: ItemTest = (other) => other !== item && listing.available[other] === 1 && passes(other)
  const best = topItems(cosinesTo(scores, item, scores.lengths), top, { has: (other) => !isAllowed(other) })
  return {
    items: best.map((scored) => answered(serving, listing, scored)),
    run: runName(run),
    events: { read: 0, fresh: 0 },
  }
}

/** The run that ranks the catalog. @throws UserError `unsupported` where none is served */
export function retrieving({ retrieve, rank }: Stages): Retrieving {
  if (retrieve) return retrieve
  const value = `${rank?.run.run.model} predicts clicks on candidates and ranks no catalog`
  const hint = 'serve a run that retrieves beside it, or rank candidates of your own'
  throw new UserError({ where: 'recommend', problem: 'unsupported', value, expected: 'a run that retrieves', hint })
}

function hiddenBehaviors({ known }: Serving, names: readonly string[] = []): ReadonlySet<BehaviorIndex> {
  return new Set(names.map((name, at) => behaviorOf(`without.behaviors[${at}]`, name, known)))
}

/** Whose events are read: a user, 0 for somebody new, and what came since. */
interface AskedEvents extends FreshRows {
  readonly user: UserIndex
}

/** @throws UserError `missing` without a user or a history, `invalid` with both */
async function askedEvents(
  { serving: { known, dataset }, store }: Answering,
  { user, history }: Pick<RecommendRequest, 'user' | 'history'>,
): Promise<AskedEvents> {
  if (history !== undefined) {
    if (user !== undefined)
      throw new UserError({ where: 'history', problem: 'invalid', value: 'a history beside a user', expected: 'one' })
    return { user: 0, ...givenRows(history, dataset.manifest.target, known) }
  }
  if (user === undefined)
    throw new UserError({ where: 'user', problem: 'missing', value: 'a user', expected: 'a user or a history' })
  checkId('user', user)
  const { events, forgotten } = await store.history(user, freshEvents)
  return { user: forgotten ? 0 : (known.users.get(user) ?? 0), ...freshRows(events, known) }
}

/** What a run reads of somebody. */
interface Reading {
  readonly whole: WholeHistory
  readonly shown: History
}

function readingOf(
  { rules, run: { maxLength, mergesBehaviors } }: Pick<Ordering, 'rules' | 'run'>,
  { user, rows }: AskedEvents,
  without: ReadonlySet<BehaviorIndex>,
): Reading {
  const whole = wholeHistory(rules, user, rows)
  return { whole, shown: readPart(whole.history, { maxLength, mergesBehaviors, without }) }
}

function eventsRead({ whole, shown }: Reading, { skipped }: AskedEvents): Recommended['events'] {
  let fresh = 0
  for (const [row, item] of shown.item.entries()) if (whole.isFresh({ item, time: shown.time[row] as number })) fresh++
  return { read: shown.item.length, fresh, ...(skipped > 0 && { skipped }) }
}

/** The items of a history that are left out: by default as the candidates policy of the run has it. */
function exclusionOf({ run: { dataset } }: Retrieving, history: History, exclude?: Exclusion): ReadonlySet<ItemIndex> {
  const policies = { seen: 'unseen', target: 'untargeted', none: 'all' } as const
  if (exclude === undefined) return excludedItems(dataset, history)
  if (!Object.hasOwn(policies, exclude)) throw unknownName('exclude', exclude, Object.keys(policies))
  return excludedItems({ ...dataset, manifest: { ...dataset.manifest, candidates: policies[exclude] } }, history)
}

type StageLeft = NonNullable<Recommended['stages']>[number]

function stagesLeft({ available, catalog }: Listing, passes: ItemTest, isAllowed: ItemTest): StageLeft[] {
  const left = { catalog: catalog.ids.length - 1, available: 0, filtered: 0, allowed: 0 }
  for (let item = 1; item < available.length; item++) {
    if (available[item] !== 1) continue
    left.available++
    if (!passes(item)) continue
    left.filtered++
    if (isAllowed(item)) left.allowed++
  }
  return Object.entries(left).map(([stage, count]) => ({ stage, left: count }))
}

async function retrieveReasons(
  { run: { scorer, dataset } }: Retrieving,
  { catalog }: Listing,
  shown: History,
  items: readonly ScoredItem[],
): Promise<Reasons[]> {
  const explanations = await scorer.explain?.(
    shown,
    items.map(({ item }) => item),
  )
  return (explanations ?? []).map((explanation) => reasonsNamed({ catalog, manifest: dataset.manifest }, explanation))
}

/** A candidate with what the model of clicks says of it. */
interface Ordered extends ScoredItem {
  readonly probability: number
  readonly reasons: Reasons & Pick<AnsweredItem, 'gates'>
}

/** Candidates of one user, and which of them are told of once they are in order; all by default. */
interface OrderRequest {
  readonly shown: History
  readonly candidates: readonly ScoredItem[]
  readonly page?: { readonly from: number; readonly to: number }
  readonly explain?: boolean | undefined
}

/** Candidates, the most probable first. */
async function orderedBy(
  { run: { predictor, dataset }, probabilities }: Ordering,
  { catalog }: Listing,
  { shown, candidates, page, explain = false }: OrderRequest,
): Promise<Ordered[]> {
  const probability = await probabilities(
    shown,
    Int32Array.from(candidates, ({ item }) => item),
  )
  const ordered = candidates.map((one, at) => ({ ...one, probability: probability[at] as number }))
  // Of two that are as probable the first candidate stays first.
  ordered.sort((a, b) => b.probability - a.probability)
  const shownItems = ordered.slice(page?.from, page?.to)
  if (!explain) return shownItems.map((one) => ({ ...one, reasons: {} }))
  const { reasons } = await reasonsOfClicks(
    predictor,
    shown,
    shownItems.map(({ item }) => item),
    usuallyTried,
  )
  return shownItems.map((one, place) => {
    const { gates, events = [] } = reasons[place] ?? {}
    const shares = effectShares(events.map(({ effect }) => effect))
    const because = events
      .map(({ item, behavior }, at) => ({ item, behavior, share: shares[at] as number }))
      .slice(0, namedEvents)
    const named = reasonsNamed({ catalog, manifest: dataset.manifest }, { item: one.item, because })
    return { ...one, reasons: { ...(events.length > 0 && named), ...(gates && { gates }) } }
  })
}

/** An item as answers have it. */
function answered(
  serving: Serving,
  listing: Listing,
  { item, score, probability }: ScoredItem & { readonly probability?: number },
  reasons: Reasons & Pick<AnsweredItem, 'gates'> = {},
): AnsweredItem {
  return {
    id: listing.catalog.ids[item] as string,
    title: listing.catalog.titles[item] as string,
    score,
    ...(probability !== undefined && { probability }),
    ...describedItem(listing, item),
    picture: serving.pictures.of(item) !== undefined,
    ...reasons,
  }
}

/** Fields and numbers of an item; unknown ones are absent. */
export function describedItem({ catalog }: Listing, item: ItemIndex): Pick<AnsweredItem, 'fields' | 'numbers'> {
  const fields = Object.entries(catalog.fields)
    .map(([name, { values, vocabulary }]) => [name, vocabulary[values[item] as number] as string] as const)
    .filter(([, value]) => value !== '')
  const numbers = Object.entries(catalog.numbers ?? {})
    .map(([name, column]) => [name, column[item] as number] as const)
    .filter(([, value]) => !Number.isNaN(value))
    .map(([name, value]) => [name, shortestDecimal(value)] as const)
  return { fields: Object.fromEntries(fields), numbers: Object.fromEntries(numbers) }
}
