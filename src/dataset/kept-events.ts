/** @file The events of a log that are kept, where others are taken out. */
import type { Events } from './schema.ts'

/** What is left of a log. */
export interface KeptEvents {
  readonly events: Events
  /** [events + 1]: how many of the events before a row are still there, which is where that row is now. */
  readonly before: Int32Array
}

/** The events of the rows that are kept; users stay, if nothing of theirs is left too. */
export function keptEvents(events: Events, isKept: (row: number) => boolean): KeptEvents {
  const before = new Int32Array(events.item.length + 1)
  for (let row = 0; row < events.item.length; row++) before[row + 1] = (before[row] as number) + (isKept(row) ? 1 : 0)
  const stays = (_: number, row: number): boolean => before[row + 1] !== before[row]
  const { user, item, behavior, time, role, start } = events
  const kept = {
    user: user.filter(stays),
    item: item.filter(stays),
    behavior: behavior.filter(stays),
    time: time.filter(stays),
    role: role.filter(stays),
    start: start.map((row) => before[row] as number),
  }
  return { events: kept, before }
}
