/** @file Which behaviors and events a user's vector is made of, where attention says it: the same for each item. */
import type { History, ItemIndex } from '../../dataset/schema.ts'
import type { Explanation } from '../contract/scorer.ts'

/** Shares of behaviors and events, from how much each event counted; nothing where no event did. */
export function explainEvents(
  behaviors: readonly string[],
  { item, behavior }: History,
  items: readonly ItemIndex[],
  counted: readonly number[],
): Explanation[] {
  const total = counted.reduce((sum, value) => sum + value, 0)
  if (total === 0) return items.map((one) => ({ item: one }))
  const shares = counted.map((value) => value / total)
  const ofBehavior = (index: number): number =>
    shares.reduce((sum, share, at) => (behavior[at] === index ? sum + share : sum), 0)
  const because = shares
    .map((share, at) => ({ item: item[at] as number, behavior: behavior[at] as number, share }))
    .sort((a, b) => b.share - a.share)
  const reasons = { behaviors: Object.fromEntries(behaviors.map((name, index) => [name, ofBehavior(index)])), because }
  return items.map((one) => ({ item: one, ...reasons }))
}
