/** @file A user's history, as views into the columns of events. */
import type { Dataset, Events, History, UserIndex } from './schema.ts'

/** The user's last `maxLength` events strictly before a time, by default all of them; views, never copies (R-M15). */
export function historyBefore(
  events: Events,
  user: UserIndex,
  time: number,
  { maxLength = Number.POSITIVE_INFINITY }: { maxLength?: number } = {},
): History {
  const first = events.start[user] as number
  const end = firstRowAt(events, user, time)
  return view(events, user, Math.max(first, end - maxLength), end)
}

/** All of a user's events. */
export function historyOf(events: Events, user: UserIndex): History {
  return view(events, user, events.start[user] as number, events.start[user + 1] as number)
}

/** Whole histories of so many users, or of fewer, spread evenly over all of them; none is empty. */
export function someHistories({ events, userIds }: Pick<Dataset, 'events' | 'userIds'>, count: number): History[] {
  const found: History[] = []
  const step = Math.max(1, (userIds.length - 1) / count)
  for (let at = 1; at < userIds.length && found.length < count; at += step) {
    const history = historyOf(events, Math.floor(at))
    if (history.item.length > 0) found.push(history)
  }
  return found
}

/** The first of a user's rows at or after a time; if there is none, the end of the user's rows. */
export function firstRowAt({ start, time }: Pick<Events, 'start' | 'time'>, user: UserIndex, at: number): number {
  let low = start[user] as number
  let high = start[user + 1] as number
  while (low < high) {
    const middle = (low + high) >> 1
    if ((time[middle] as number) < at) low = middle + 1
    else high = middle
  }
  return low
}

function view({ item, behavior, time }: Events, user: UserIndex, begin: number, end: number): History {
  return {
    user,
    item: item.subarray(begin, end),
    behavior: behavior.subarray(begin, end),
    time: time.subarray(begin, end),
  }
}
