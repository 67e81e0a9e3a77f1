/** @file The shape of a log: how long histories are, how far apart events are, and how they spread over the items. */
import type { Dataset } from '../dataset/schema.ts'
import { curveOf, type Quantiles, quantilesOf } from './quantiles.ts'

/** A point of a curve over shares. */
export interface CurvePoint {
  readonly share: number
  readonly value: number
}

/** The shape of a log. */
export interface LogFacts {
  /** Events of a user. */
  readonly lengths: Quantiles | null
  readonly lengthCurve: readonly CurvePoint[]
  /** Users with far more events than most have, and the share of all events that is theirs. */
  readonly heavy: { readonly users: number; readonly events: number }
  /** Seconds between neighboring events of a user; null where time is only an order. */
  readonly gaps: Quantiles | null
  readonly gapCurve: readonly CurvePoint[]
  /** Events at the time of another event of their user, on another item. */
  readonly tied: number
  /** The first and last true time, in milliseconds; null where time is only an order. */
  readonly period: { readonly from: number; readonly to: number } | null
  readonly popularity: {
    /** The share of all events on the most popular 1 and 10 percent of the items. */
    readonly top1: number
    readonly top10: number
    readonly curve: readonly CurvePoint[]
  }
  readonly cold: {
    readonly users: number
    readonly items: number
    /** Below so many events a user or item is cold. */
    readonly below: number
    readonly withoutEvents: number
  }
}

const coldBelow = 5
/** A user is heavy with so many times the median's events, and so many at least. */
const heavyFrom = { medians: 20, events: 200 } as const

/** Measures the log of a dataset. */
export function logFacts({ events, manifest, userIds, catalog }: Dataset): LogFacts {
  const lengths = Float64Array.from({ length: userIds.length - 1 }, (_, at) => spanOf(events.start, at + 1))
  const timed = manifest.time === 'milliseconds'
  const gaps = timed ? gapsOf(events, manifest.timesFrom) : new Float64Array(0)
  const counts = new Float64Array(catalog.ids.length - 1)
  for (const item of events.item) counts[item - 1] = (counts[item - 1] as number) + 1
  return {
    lengths: quantilesOf(lengths),
    lengthCurve: curveOf(lengths),
    heavy: heavyUsers(lengths),
    gaps: quantilesOf(gaps),
    gapCurve: curveOf(gaps),
    tied: tiedEvents(events),
    period: timed ? periodOf(events.time, manifest.timesFrom) : null,
    popularity: concentration(counts),
    cold: {
      users: lengths.filter((length) => length < coldBelow).length,
      items: counts.filter((count) => count < coldBelow).length,
      below: coldBelow,
      withoutEvents: counts.filter((count) => count === 0).length,
    },
  }
}

function heavyUsers(lengths: Float64Array): LogFacts['heavy'] {
  const least = Math.max(heavyFrom.events, heavyFrom.medians * (quantilesOf(lengths)?.median ?? 0))
  const heavy = lengths.filter((length) => length >= least)
  const sum = (numbers: Float64Array): number => numbers.reduce((all, one) => all + one, 0)
  return { users: heavy.length, events: heavy.length === 0 ? 0 : sum(heavy) / sum(lengths) }
}

const spanOf = (start: Int32Array, user: number): number => (start[user + 1] as number) - (start[user] as number)

function gapsOf({ user, time }: Dataset['events'], from = Number.NEGATIVE_INFINITY): Float64Array {
  const gaps: number[] = []
  for (let row = 1; row < time.length; row++) {
    const before = time[row - 1] as number
    if (user[row] === user[row - 1] && before >= from) gaps.push(((time[row] as number) - before) / 1000)
  }
  return Float64Array.from(gaps)
}

function periodOf(time: Float64Array, from = Number.NEGATIVE_INFINITY): LogFacts['period'] {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const one of time) {
    if (one < from) continue
    first = Math.min(first, one)
    last = Math.max(last, one)
  }
  return first <= last ? { from: first, to: last } : null
}

/** Events that share their user and time with an event of another item: their order is only that of the file. */
function tiedEvents({ user, time, item }: Dataset['events']): number {
  let tied = 0
  for (let begin = 0, end = 1; begin < time.length; begin = end++) {
    while (end < time.length && user[end] === user[begin] && time[end] === time[begin]) end++
    if (item.subarray(begin, end).some((one) => one !== item[begin])) tied += end - begin
  }
  return tied
}

function concentration(counts: Float64Array): LogFacts['popularity'] {
  const sorted = counts.toSorted().reverse()
  const total = sorted.reduce((sum, count) => sum + count, 0)
  const sums = new Float64Array(sorted.length + 1)
  for (const [at, count] of sorted.entries()) sums[at + 1] = (sums[at] as number) + count
  const onTop = (share: number): number =>
    total === 0 ? 0 : (sums[Math.ceil(share * sorted.length)] as number) / total
  const curve = Array.from({ length: 51 }, (_, step) => ({ share: step / 50, value: onTop(step / 50) }))
  return { top1: onTop(0.01), top10: onTop(0.1), curve }
}
