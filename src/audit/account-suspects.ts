/** @file Accounts that act like no visitor: bots, and accounts through which many act or much is entered at once. */
import type { Dataset } from '../dataset/schema.ts'
import { fittingLess } from './evidence.ts'

/** An account and what is odd about it. */
export interface AccountSuspect {
  readonly user: number
  readonly events: number
  /** Sentences, the oddest first. */
  readonly reasons: readonly string[]
}

/** A measure of an account: what it is called, from where on it is odd by itself, and how it is told. */
interface Measure {
  readonly of: (account: Account) => number
  /** A smaller value is never odd, however rare it is. */
  readonly least: number
  readonly tell: (value: number, usual: number) => string
}
interface Account {
  readonly items: Int32Array
  readonly times: Float64Array
  readonly chances: Float64Array
}

/** With fewer events nothing can be said. */
const fewest = 20
/** An odd value is above that of so many accounts, and this many times as far from the median as half of them are. */
const rarest = 0.98
const spread = 6

const timed: Readonly<Record<string, Measure>> = {
  rate: {
    of: ({ times }) => most(times, 600_000),
    least: 60,
    tell: (value, usual) => `${value} events within ten minutes; half of the accounts never have more than ${usual}`,
  },
  ties: {
    of: ({ times, items }) => tiedShare(times, items),
    least: 0.5,
    tell: (value, usual) =>
      `${percentOf(value)} of the events have the time of another item's event (usual: ${percentOf(usual)}): entered at once`,
  },
  evenness: {
    of: ({ times }) => evenness(times),
    least: 0.8,
    tell: (value, usual) =>
      `pauses as even as a clock: ${percentOf(value)} of the pauses are of one length (usual: ${percentOf(usual)})`,
  },
  hours: {
    of: ({ times }) => busiestDay(times),
    least: 20,
    tell: (value, usual) => `events in ${value} of the 24 hours of one day (usual: ${usual})`,
  },
}
const untimed: Readonly<Record<string, Measure>> = {
  sameness: {
    of: ({ items }) => 1 - entropy(items) / Math.log2(Math.max(2, items.length)),
    least: 0.7,
    tell: (value, usual) =>
      `the same few items over and over: the entropy of the items is ${percentOf(1 - value)} of what it could be (usual: ${percentOf(1 - usual)})`,
  },
  randomness: {
    of: ({ chances }) => mean(chances),
    least: 0.7,
    tell: (value, usual) =>
      `the events look drawn by chance: ${percentOf(value)} likely on average (usual: ${percentOf(usual)})`,
  },
}

/**
 * The accounts whose rates, ties, pauses, hours, items or fits are far from those of the others.
 * @param chances by row, how likely the event came about by chance; NaN where it was not judged
 */
export function accountSuspects({ events, manifest, userIds }: Dataset, chances: Float64Array): AccountSuspect[] {
  const measures = Object.values({ ...(manifest.time === 'milliseconds' ? timed : {}), ...untimed })
  const accounts = Array.from({ length: userIds.length - 1 }, (_, at) => at + 1).flatMap((user) => {
    const [begin, end] = [events.start[user] as number, events.start[user + 1] as number]
    const own = {
      items: events.item.subarray(begin, end),
      times: events.time.subarray(begin, end).filter((time) => time >= (manifest.timesFrom ?? 0)),
      chances: chances.subarray(begin, end).filter((chance) => !Number.isNaN(chance)),
    }
    return end - begin < fewest ? [] : [{ user, events: end - begin, own, reasons: [] as [number, string][] }]
  })
  for (const { of, least, tell } of measures) {
    const values = Float64Array.from(accounts, ({ own }) => of(own))
    const middle = median(values)
    const half = median(values.map((value) => Math.abs(value - middle)))
    const above = fittingLess(values)
    for (const [at, account] of accounts.entries()) {
      const value = values[at] as number
      const far = (value - middle) / Math.max(half, Number.EPSILON)
      if (value >= least && above(value) >= Math.min(rarest, 1 - 1 / values.length) && far >= spread)
        account.reasons.push([far, tell(value, middle)])
    }
  }
  return accounts
    .filter(({ reasons }) => reasons.length > 0)
    .map(({ user, events: count, reasons }) => ({
      user,
      events: count,
      reasons: reasons.sort(([a], [b]) => b - a).map(([, told]) => told),
    }))
    .sort((a, b) => b.reasons.length - a.reasons.length || b.events - a.events)
}

/** The most times within a span. */
function most(times: Float64Array, span: number): number {
  let [found, first] = [0, 0]
  for (const [at, time] of times.entries()) {
    while (time - (times[first] as number) > span) first++
    found = Math.max(found, at - first + 1)
  }
  return found
}

function tiedShare(times: Float64Array, items: Int32Array): number {
  const from = items.length - times.length
  let tied = 0
  for (const [at, time] of times.entries()) {
    const shares = (other: number): boolean => times[other] === time && items[from + other] !== items[from + at]
    if (shares(at - 1) || shares(at + 1)) tied++
  }
  return tied / Math.max(1, times.length)
}

/** The share of the pauses whose length differs by at most a tenth from the most common one; ties are no pauses. */
function evenness(times: Float64Array): number {
  const pauses = Array.from(times, (time, at) => time - (times[at - 1] ?? time)).filter((pause) => pause > 0)
  if (pauses.length < fewest / 2) return 0
  const counts = new Map<number, number>()
  for (const pause of pauses) {
    const length = Math.round(Math.log(pause) / Math.log(1.1))
    counts.set(length, (counts.get(length) ?? 0) + 1)
  }
  return Math.max(...counts.values()) / pauses.length
}

/** In how many hours of one day there are events. */
function busiestDay(times: Float64Array): number {
  const hours = new Map<number, Set<number>>()
  for (const time of times) {
    const hour = Math.floor(time / 3_600_000)
    const day = Math.floor(hour / 24)
    hours.set(day, (hours.get(day) ?? new Set()).add(hour))
  }
  return Math.max(0, ...Array.from(hours.values(), ({ size }) => size))
}

/** In bits. */
function entropy(items: Int32Array): number {
  const counts = new Map<number, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return [...counts.values()].reduce((sum, count) => sum - (count / items.length) * Math.log2(count / items.length), 0)
}

const mean = (values: Float64Array): number =>
  values.length === 0 ? 0 : values.reduce((sum, one) => sum + one, 0) / values.length
const median = (values: Float64Array): number => values.toSorted()[Math.floor(values.length / 2)] ?? 0
const percentOf = (share: number): string => `${Math.round(100 * share)} %`
