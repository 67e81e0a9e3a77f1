/** @file A history in ids and names as the indices that a model reads. */
import type { History, Manifest } from '../dataset/schema.ts'
import { UserError, unknownName } from '../errors.ts'
import type { HistoryEvent } from './recommend-module.ts'

/** Reads a history. @throws UserError as {@link historyReader} */
export type HistoryReader = (events: readonly HistoryEvent[]) => History

/**
 * What reads histories of a catalog. It throws a UserError that names the event for an unknown item or behavior, or for
 * a time that is no number.
 * @param ids of the items, from item 1 on
 */
export function historyReader(
  ids: readonly string[],
  { behaviors, target }: Pick<Manifest, 'behaviors' | 'target'>,
): HistoryReader {
  const indices = new Map(ids.map((id, at) => [id, at + 1]))
  const itemOf = (id: string, where: string): number => {
    const index = indices.get(id)
    if (index === undefined)
      throw new UserError({ where, problem: 'unknown', value: JSON.stringify(id), expected: 'the id of an item' })
    return index
  }
  const behaviorOf = (name: string, where: string): number => {
    const index = behaviors.indexOf(name)
    if (index < 0) throw unknownName(where, name, behaviors)
    return index
  }
  return (events) => {
    const now = Date.now()
    const rows = events.map(({ item, behavior, time }, at) => ({
      item: itemOf(item, `history[${at}].item`),
      behavior: behaviorOf(behavior ?? target, `history[${at}].behavior`),
      time: checkedTime(time ?? now - (events.length - 1 - at), `history[${at}].time`),
    }))
    // As in a dataset: by time, and in the order given where times are equal.
    rows.sort((a, b) => a.time - b.time)
    return {
      user: 0,
      item: Int32Array.from(rows, ({ item }) => item),
      behavior: Uint8Array.from(rows, ({ behavior }) => behavior),
      time: Float64Array.from(rows, ({ time }) => time),
    }
  }
}

function checkedTime(time: number, where: string): number {
  if (Number.isFinite(time)) return time
  throw new UserError({ where, problem: 'invalid', value: String(time), expected: 'milliseconds since 1970' })
}
