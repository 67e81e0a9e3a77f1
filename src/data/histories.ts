/** @file One user's events as views: all of them, or those strictly before a time. */
import type { Events, History, UserIndex } from './schema.ts'

/** Rows [begin, end) as a history. */
function historyOfRows({ item, behavior, time }: Events, user: UserIndex, begin: number, end: number): History {
  return { user, item: item.subarray(begin, end), behavior: behavior.subarray(begin, end), time: time.subarray(begin, end) }
}

/** All events of a user. */
export function historyOf(events: Events, user: UserIndex): History {
  return historyOfRows(events, user, events.start[user] as number, events.start[user + 1] as number)
}

/** The first row in [begin, end) whose time is not before `time`; rows are sorted by time. */
function lowerBound(times: Float64Array, begin: number, end: number, time: number): number {
  let [low, high] = [begin, end]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] as number) < time) low = middle + 1
    else high = middle
  }
  return low
}

/** The last `maxLength` (all by default) of a user's events strictly before `time` (R-M15). */
export function historyBefore(events: Events, user: UserIndex, time: number, { maxLength = Number.POSITIVE_INFINITY }: { maxLength?: number } = {}): History {
  const begin = events.start[user] as number
  const end = lowerBound(events.time, begin, events.start[user + 1] as number, time)
  return historyOfRows(events, user, Math.max(begin, end - maxLength), end)
}
