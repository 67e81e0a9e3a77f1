/** @file Visits: stretches of a user's events without a long pause. */
import { keptEvents } from './kept-events.ts'
import type { Events, Manifest } from './schema.ts'

/** How visits are told apart. */
export interface VisitRule {
  /** A visit ends after so many minutes without an event. */
  readonly idleMinutes: number
  /** The first true time: events before it have an order, but no visits. */
  readonly timesFrom?: Manifest['timesFrom']
}

/** For each row, the first row of its visit. */
export function visitStarts(
  { user, time }: Pick<Events, 'user' | 'time'>,
  { idleMinutes, timesFrom = Number.NEGATIVE_INFINITY }: VisitRule,
): Int32Array {
  const pause = idleMinutes * 60_000
  const starts = new Int32Array(user.length)
  for (let row = 1; row < user.length; row++) {
    const before = time[row - 1] as number
    const goesOn = user[row] === user[row - 1] && before >= timesFrom && (time[row] as number) - before <= pause
    starts[row] = goesOn ? (starts[row - 1] as number) : row
  }
  return starts
}

/**
 * The events without those of other behaviors that a target event on the same item follows later in the same visit: of
 * a view, a cart and an order in one visit, the order is left.
 */
export function withoutOwnEvents(events: Events, target: number, rule: VisitRule): Events {
  const { item, behavior, time } = events
  const starts = visitStarts(events, rule)
  const kept = new Uint8Array(item.length).fill(1)
  const follows = new Map<number, number>()
  for (let row = item.length - 1; row >= 0; row--) {
    const one = item[row] as number
    if (behavior[row] === target) follows.set(one, Math.max(follows.get(one) ?? 0, time[row] as number))
    else if ((time[row] as number) < (follows.get(one) ?? Number.NEGATIVE_INFINITY)) kept[row] = 0
    if (starts[row] === row) follows.clear()
  }
  return keptEvents(events, (row) => kept[row] === 1).events
}
