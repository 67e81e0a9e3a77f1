/** @file Which events of a history a model takes for noise: the same for each item. */
import type { History, ItemIndex } from '../../dataset/schema.ts'
import type { Explanation } from '../contract/scorer.ts'

/** Tells the events that are noise, oldest first. @param stays whether the event at a place is none */
export function leftOut(
  { item, behavior }: History,
  items: readonly ItemIndex[],
  stays: (at: number) => boolean,
): Explanation[] {
  const noise = [...item].flatMap((one, at) => (stays(at) ? [] : [{ item: one, behavior: behavior[at] as number }]))
  return items.map((one) => ({ item: one, noise }))
}
