/** @file Which events the strip of the history shows. */
import type { HistoryEvent } from '../../../src/serve/service.ts'

/**
 * The newest events, several on one item at one time as the strongest of them: a film that was viewed and favorited in
 * one second is one picture.
 * @param behaviors weak to strong
 */
export function stripOf(events: readonly HistoryEvent[], behaviors: readonly string[], most: number): HistoryEvent[] {
  const shown: HistoryEvent[] = []
  for (const event of events) {
    const at = shown.findIndex(({ id, time }) => time !== undefined && id === event.id && time === event.time)
    const before = shown[at]
    if (!before) {
      if (shown.length === most) break
      shown.push(event)
    } else if (behaviors.indexOf(event.behavior) > behaviors.indexOf(before.behavior)) shown[at] = event
  }
  return shown
}
