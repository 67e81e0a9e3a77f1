/** @file Which behaviors and events a user's vector is made of, where a view's attention says it. */
import type { History, ItemIndex } from '../../dataset/schema.ts'
import type { Explanation } from '../contract/scorer.ts'
import { explainEvents } from './explain-events.ts'

/**
 * Shares of behaviors and events: the attention to a view times that to the event within it. A view of all events,
 * which comes last where there is one, counts for the behaviors of its events. What falls to a view without events is
 * shared out by the others.
 * @param reasons `views` [M] and, unless last states stand for views, `events` [M, L]
 */
export function explainViews(
  behaviors: readonly string[],
  history: History,
  items: readonly ItemIndex[],
  { views = none, events }: Readonly<Record<string, Float32Array>>,
): Explanation[] {
  const { item, behavior } = history
  const length = (events?.length ?? 0) / views.length
  const isIn = (view: number, at: number): boolean => view >= behaviors.length || behavior[at] === view
  const lastIn = (view: number): number => behavior.findLastIndex((_, at) => isIn(view, at))
  const weightOf = (view: number, at: number): number =>
    events ? (events[view * length + at] as number) : at === lastIn(view) ? 1 : 0
  const counted = Array.from(item, (_, at) =>
    views.reduce((sum, share, view) => (isIn(view, at) ? sum + share * weightOf(view, at) : sum), 0),
  )
  return explainEvents(behaviors, history, items, counted)
}

const none = new Float32Array(0)
