/** @file Which behaviors and events a user's vector is made of, where attention says it: the same for each item. */
import type { History, ItemIndex } from '../../dataset/schema.ts'
import type { Explanation } from '../contract/scorer.ts'

/**
 * Shares of behaviors and events: the attention to a view times that to the event within it. A view of all events,
 * which comes last where there is one, counts for the behaviors of its events. What falls to a view without events is
 * shared out by the others.
 * @param reasons `views` [M] and, unless last states stand for views, `events` [M, L]
 */
export function explainViews(
  behaviors: readonly string[],
  { item, behavior }: History,
  items: readonly ItemIndex[],
  { views = none, events }: Readonly<Record<string, Float32Array>>,
): Explanation[] {
  const length = (events?.length ?? 0) / views.length
  const isIn = (view: number, at: number): boolean => view >= behaviors.length || behavior[at] === view
  const lastIn = (view: number): number => behavior.findLastIndex((_, at) => isIn(view, at))
  const weightOf = (view: number, at: number): number =>
    events ? (events[view * length + at] as number) : at === lastIn(view) ? 1 : 0
  const carried = Array.from(item, (_, at) =>
    views.reduce((sum, share, view) => (isIn(view, at) ? sum + share * weightOf(view, at) : sum), 0),
  )
  const total = carried.reduce((sum, value) => sum + value, 0)
  if (total === 0) return items.map((one) => ({ item: one }))
  const shares = carried.map((value) => value / total)
  const ofBehavior = (index: number): number =>
    shares.reduce((sum, share, at) => (behavior[at] === index ? sum + share : sum), 0)
  const because = shares
    .map((share, at) => ({ item: item[at] as number, behavior: behavior[at] as number, share }))
    .sort((a, b) => b.share - a.share)
  const reasons = { behaviors: Object.fromEntries(behaviors.map((name, index) => [name, ofBehavior(index)])), because }
  return items.map((one) => ({ item: one, ...reasons }))
}

const none = new Float32Array(0)
