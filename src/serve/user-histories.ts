/** @file What a model reads of a user: prepared events, and after them those that came since. */
import { mergeBehaviors } from '../dataset/event-columns.ts'
import { firstRowAt, historyOf } from '../dataset/histories.ts'
import type { BehaviorIndex, Dataset, Events, History, ItemIndex, UserIndex } from '../dataset/schema.ts'
import { withoutOwnEvents } from '../dataset/visits.ts'
import { UserError } from '../errors.ts'
import type { FreshEvent } from '../store/event-store.ts'
import { checkTime } from './incoming.ts'
import { behaviorOf, type KnownIds, unknownItem } from './known-ids.ts'
import type { GivenEvent } from './service.ts'

/** An event in indices. */
interface Row {
  readonly item: ItemIndex
  readonly behavior: BehaviorIndex
  readonly time: number
}

/** Events of nobody the dataset knows, or that came since it was prepared. */
export interface FreshRows {
  /** Oldest first. */
  readonly rows: readonly Row[]
  /** How many events are of an item or behavior that the dataset does not have now. */
  readonly skipped: number
}

/** Stored events in indices, oldest first. */
export function freshRows(events: readonly FreshEvent[], { items, behaviors }: KnownIds): FreshRows {
  const rows = events.flatMap(({ item: id, behavior: name, time }) => {
    const [item, behavior] = [items.get(id), behaviors.get(name)]
    return item === undefined || behavior === undefined ? [] : [{ item, behavior, time }]
  })
  return { rows: rows.toSorted((a, b) => a.time - b.time), skipped: events.length - rows.length }
}

/** Milliseconds between given events that have no times. */
const givenApart = 60_000

/**
 * A given history in indices, oldest first.
 * @throws UserError `unknown` for an item or behavior, `missing` where some events have times and others have none
 */
export function givenRows(events: readonly GivenEvent[], target: string, known: KnownIds, now = Date.now()): FreshRows {
  const timed = events.some(({ time }) => time !== undefined)
  const rows = events.map(({ item: id, behavior = target, time }, at) => {
    const where = `history[${at}]`
    const item = known.items.get(id)
    if (item === undefined) throw unknownItem(`${where}.item`, id, known)
    if (timed && time === undefined)
      throw new UserError({ where, problem: 'missing', value: 'time', expected: 'a time of every event, or of none' })
    if (time !== undefined) checkTime(`${where}.time`, time, now)
    const given = time ?? now - givenApart * (events.length - 1 - at)
    return { item, behavior: behaviorOf(`${where}.behavior`, behavior, known), time: given }
  })
  return { rows: rows.toSorted((a, b) => a.time - b.time), skipped: 0 }
}

/** All that is known of a user, in time. */
export interface WholeHistory {
  readonly history: History
  /** Whether a row came since the dataset was prepared. */
  isFresh(row: { readonly item: ItemIndex; readonly time: number }): boolean
}

/** How events of a dataset are put together. */
export interface HistoryRules {
  readonly dataset: Dataset
  /** Minutes without an event that end a visit, where the run is asked for discoveries. */
  readonly idleMinutes?: number
}

const nothing: Omit<History, 'user'> = {
  item: new Int32Array(0),
  behavior: new Uint8Array(0),
  time: new Float64Array(0),
}

/**
 * A user's prepared events with the fresh ones among them.
 * @param user 0 for somebody of whom nothing is prepared, or nothing prepared may be read
 */
export function wholeHistory(
  { dataset, idleMinutes }: HistoryRules,
  user: UserIndex,
  fresh: readonly Row[],
): WholeHistory {
  const prepared = user > 0 ? historyOf(dataset.events, user) : { user, ...nothing }
  if (fresh.length === 0) return { history: prepared, isFresh: () => false }
  const rows =
    dataset.manifest.time === 'order' ? afterwards(prepared, fresh) : notPrepared(dataset.events, user, fresh)
  const keys = new Set(rows.map(keyOf))
  const merged = inTime(prepared, rows)
  const history = idleMinutes === undefined ? merged : withoutOwn(merged, dataset, idleMinutes)
  return { history, isFresh: (row) => keys.has(keyOf(row)) }
}

/** Without events that a dataset prepared since they were stored has too. */
function notPrepared(events: Events, user: UserIndex, fresh: readonly Row[]): readonly Row[] {
  if (user === 0) return fresh
  const known = new Set<string>()
  const first = firstRowAt(events, user, (fresh[0] as Row).time)
  for (let row = first; row < (events.start[user + 1] as number); row++)
    known.add(`${events.item[row]} ${events.behavior[row]} ${events.time[row]}`)
  return known.size === 0
    ? fresh
    : fresh.filter(({ item, behavior, time }) => !known.has(`${item} ${behavior} ${time}`))
}

const keyOf = ({ item, time }: { readonly item: number; readonly time: number }): string => `${item} ${time}`

/** Where times are places in an order, what came since comes after it, in the order of its arrival. */
function afterwards({ time }: History, fresh: readonly Row[]): Row[] {
  const last = time.at(-1) ?? 0
  return fresh.map((row, at) => ({ ...row, time: last + 1 + at }))
}

function inTime(prepared: History, fresh: readonly Row[]): History {
  const before = prepared.item.length
  const count = before + fresh.length
  const [item, behavior, time] = [new Int32Array(count), new Uint8Array(count), new Float64Array(count)]
  let [old, next] = [0, 0]
  for (let at = 0; at < count; at++) {
    const row = fresh[next]
    if (row && (old === before || row.time < (prepared.time[old] as number))) {
      item[at] = row.item
      behavior[at] = row.behavior
      time[at] = row.time
      next++
    } else {
      item[at] = prepared.item[old] as number
      behavior[at] = prepared.behavior[old] as number
      time[at] = prepared.time[old] as number
      old++
    }
  }
  return { user: prepared.user, item, behavior, time }
}

/** As the prepared log of a discovery has it: what led to a target within its visit is not shown. */
function withoutOwn(history: History, { manifest }: Dataset, idleMinutes: number): History {
  const { item, behavior, time, user } = history
  const count = item.length
  const columns = { item, behavior, time, user: new Int32Array(count).fill(1), role: new Uint8Array(count) }
  const target = manifest.behaviors.indexOf(manifest.target)
  const events: Events = { ...columns, start: Int32Array.of(0, 0, count) }
  const left = withoutOwnEvents(events, target, { idleMinutes, ...timesFrom(manifest) })
  return { user, item: left.item, behavior: left.behavior, time: left.time }
}

const timesFrom = ({ timesFrom: from }: Dataset['manifest']): { timesFrom?: number } =>
  from === undefined ? {} : { timesFrom: from }

/** The last events that a model reads of a history. */
export function readPart(
  history: History,
  {
    maxLength,
    mergesBehaviors,
    without = new Set(),
  }: { maxLength: number; mergesBehaviors: boolean; without?: ReadonlySet<BehaviorIndex> },
): History {
  const shown = without.size > 0 ? leftOut(history, without) : history
  const whole = mergesBehaviors ? mergeBehaviors(shown) : shown
  const from = Math.max(0, whole.item.length - maxLength)
  return {
    user: whole.user,
    item: whole.item.subarray(from),
    behavior: whole.behavior.subarray(from),
    time: whole.time.subarray(from),
  }
}

function leftOut({ user, item, behavior, time }: History, without: ReadonlySet<BehaviorIndex>): History {
  const isShown = (_: number, row: number): boolean => !without.has(behavior[row] as number)
  return { user, item: item.filter(isShown), behavior: behavior.filter(isShown), time: time.filter(isShown) }
}
