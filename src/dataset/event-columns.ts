/**
 * @file Events of all users as columns. For models that ignore behaviors, events of one item at one time are merged.
 */
import type { Events, History } from './schema.ts'

/** Events of all users, user after user. */
export interface EventColumns {
  readonly item: Int32Array
  readonly behavior: Uint8Array
  readonly time: Float64Array
  readonly start: Int32Array
}

/**
 * The history with events of one item at one time merged into one, of the deepest behavior; the same views if there are
 * no such events.
 */
export function mergeBehaviors(history: History): History {
  const merged = mergeColumns(history, 0, history.item.length)
  return merged ? { user: history.user, ...merged } : history
}

function mergeColumns(
  from: Omit<EventColumns, 'start'>,
  begin: number,
  end: number,
): Omit<EventColumns, 'start'> | undefined {
  const kept: number[] = []
  const deepest: number[] = []
  let repeated = false
  for (let row = begin; row < end; row++) {
    let twin = kept.length - 1
    while (
      twin >= 0 &&
      from.time[kept[twin] as number] === from.time[row] &&
      from.item[kept[twin] as number] !== from.item[row]
    )
      twin--
    if (twin >= 0 && from.time[kept[twin] as number] === from.time[row]) {
      deepest[twin] = Math.max(deepest[twin] as number, from.behavior[row] as number)
      repeated = true
    } else {
      kept.push(row)
      deepest.push(from.behavior[row] as number)
    }
  }
  if (!repeated) return undefined
  return {
    item: Int32Array.from(kept, (row) => from.item[row] as number),
    behavior: Uint8Array.from(deepest),
    time: Float64Array.from(kept, (row) => from.time[row] as number),
  }
}

/** Each user's events up to row `ends[user]`; optionally, those of one item at one time are merged. */
export function columnsUntil(events: Events, ends: Int32Array, merge: boolean): EventColumns {
  const users = ends.length - 1
  const total = ends.reduce((sum, end, user) => sum + (user > 0 ? end - (events.start[user] as number) : 0), 0)
  const columns = {
    item: new Int32Array(total),
    behavior: new Uint8Array(total),
    time: new Float64Array(total),
    start: new Int32Array(users + 2),
  }
  let at = 0
  for (let user = 1; user <= users; user++) {
    columns.start[user] = at
    const [begin, end] = [events.start[user] as number, ends[user] as number]
    const { item, behavior, time } = (merge && mergeColumns(events, begin, end)) || {
      item: events.item.subarray(begin, end),
      behavior: events.behavior.subarray(begin, end),
      time: events.time.subarray(begin, end),
    }
    columns.item.set(item, at)
    columns.behavior.set(behavior, at)
    columns.time.set(time, at)
    at += item.length
  }
  columns.start[users + 1] = at
  const { item, behavior, time, start } = columns
  return { item: item.subarray(0, at), behavior: behavior.subarray(0, at), time: time.subarray(0, at), start }
}
