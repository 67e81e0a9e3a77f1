/**
 * @file The events of a history that carried the scores of items, measured by leaving each out, where a score is the
 * product of a user's vector with an item's row.
 */
import type { BehaviorIndex, History, ItemIndex } from '../dataset/schema.ts'
import type { ItemScores } from '../models/contract/model.ts'
import type { Explanation } from '../models/contract/scorer.ts'
import { averageRow } from '../models/parts/score-shares.ts'
import { effectShares } from './leave-one-out.ts'

/** What scores. */
export interface LeavingEventsOut {
  /** The vectors of users, [B, width]. */
  readonly vectors: (histories: readonly History[]) => Promise<Float32Array>
  readonly scores: ItemScores
}

/**
 * The explanations with the events that the scores fall without, those that count most first. Events of one item and
 * behavior are left out together, as they have one name. An item's score counts less that of the average item, since a
 * constant moves no ranking. One pass reads all histories, and only the items in question are scored.
 */
export async function leftOutEvents(
  { vectors, scores }: LeavingEventsOut,
  history: History,
  told: readonly Explanation[],
): Promise<Explanation[]> {
  const events = namedEvents(history)
  if (events.length < 2) return [...told]
  const { table, width } = scores
  const average = averageRow(scores)
  const users = await vectors([history, ...events.map((event) => withoutEvent(history, event))])
  return told.map((one) => {
    const effects = events.map((_, at) => {
      let effect = 0
      for (let place = 0; place < width; place++) {
        const moved = (users[place] as number) - (users[(at + 1) * width + place] as number)
        effect += moved * ((table[one.item * width + place] as number) - (average[place] as number))
      }
      return effect
    })
    const shares = effectShares(effects)
    const because = events
      .map(({ item, behavior }, at) => ({ item, behavior, share: shares[at] as number }))
      .filter(({ share }) => share > 0)
      .sort((a, b) => b.share - a.share)
    return { ...one, because }
  })
}

/** What events are named by; several of a history may have one name. */
interface NamedEvent {
  readonly item: ItemIndex
  readonly behavior: BehaviorIndex
}

function namedEvents({ item, behavior }: History): NamedEvent[] {
  const named = new Map<string, NamedEvent>()
  for (const [at, one] of item.entries())
    named.set(`${one} ${behavior[at]}`, { item: one, behavior: behavior[at] as number })
  return [...named.values()]
}

function withoutEvent(history: History, event: NamedEvent): History {
  const stays = (_: number, at: number): boolean =>
    history.item[at] !== event.item || history.behavior[at] !== event.behavior
  const { user, item, behavior, time } = history
  return { user, item: item.filter(stays), behavior: behavior.filter(stays), time: time.filter(stays) }
}
