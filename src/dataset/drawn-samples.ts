/**
 * @file Samples of clicks for data without impressions: each event of a behavior is paired with one item that its user
 * never touched (R-D10).
 */
import { UserError } from '../errors.ts'
import { type RandomStream, randomStream } from '../random/stream.ts'
import type { Dataset, Events } from './schema.ts'

/** Labelled items, [samples] each, not yet split and without histories. */
export interface LabelledItems {
  readonly user: Int32Array
  readonly item: Int32Array
  readonly time: Float64Array
  readonly label: Uint8Array
  /** As in `Events.role`, if the samples come from events. */
  readonly role?: Uint8Array
}

/**
 * Every event of a behavior with a history becomes a sample of label 1. A sample of label 0 follows it: the same time,
 * and an item drawn from those the user never touches, earlier or later. A user who touches every item gets no sample
 * of label 0. A user's draws depend only on the seed and the user's own events, so they are repeatable.
 * @throws UserError `invalid` when no user can have a sample of label 0
 */
export function drawnSamples({ events, catalog, manifest }: Dataset, behavior: number, seed: number): LabelledItems {
  const rows = positiveRows(events, behavior)
  const size = 2 * rows.length
  const made = {
    user: new Int32Array(size),
    item: new Int32Array(size),
    time: new Float64Array(size),
    label: new Uint8Array(size),
  }
  const roles = new Uint8Array(size)
  const drawer = untouchedItems(events, catalog.ids.length - 1)
  let draw: (() => number) | undefined
  let at = 0
  const add = (row: number, item: number, label: number): void => {
    made.user[at] = events.user[row] as number
    made.item[at] = item
    made.time[at] = events.time[row] as number
    made.label[at] = label
    roles[at++] = events.role[row] as number
  }
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] as number
    const user = events.user[row] as number
    if (index === 0 || user !== events.user[rows[index - 1] as number])
      draw = drawer(user, randomStream(seed, 'click-negatives', user))
    add(row, events.item[row] as number, 1)
    if (draw) add(row, draw(), 0)
  }
  if (at === rows.length && at > 0) {
    const value = 'every user touched every item, so no item is left to draw'
    throw new UserError({
      where: manifest.name,
      problem: 'invalid',
      value,
      expected: 'items that a user never touched',
    })
  }
  const { user, item, time, label } = made
  return {
    user: user.slice(0, at),
    item: item.slice(0, at),
    time: time.slice(0, at),
    label: label.slice(0, at),
    role: roles.slice(0, at),
  }
}

/** The rows of a behavior that have a history, ascending; several events of one item at one time count once. */
function positiveRows({ user, item, behavior, time, start }: Events, wanted: number): Int32Array {
  const rows: number[] = []
  const repeated = (row: number): boolean => {
    const first = start[user[row] as number] as number
    for (let before = row - 1; before >= first && time[before] === time[row]; before--) {
      if (behavior[before] === wanted && item[before] === item[row]) return true
    }
    return false
  }
  for (let row = 0; row < item.length; row++) {
    if (behavior[row] !== wanted) continue
    const first = start[user[row] as number] as number
    if ((time[first] as number) < (time[row] as number) && !repeated(row)) rows.push(row)
  }
  return Int32Array.from(rows)
}

/**
 * Returns, for one user after another, a function that draws uniformly from the items the user never touches; undefined
 * if there is none.
 */
function untouchedItems(
  { item, start }: Events,
  items: number,
): (user: number, stream: RandomStream) => (() => number) | undefined {
  const touchedBy = new Int32Array(items + 1)
  return (user, stream) => {
    let touched = 0
    for (let row = start[user] as number; row < (start[user + 1] as number); row++) {
      if (touchedBy[item[row] as number] !== user) touched++
      touchedBy[item[row] as number] = user
    }
    if (touched === items) return undefined
    if (2 * touched > items) {
      const left = Int32Array.from({ length: items }, (_, index) => index + 1).filter(
        (number) => touchedBy[number] !== user,
      )
      return () => left[stream.integer(left.length)] as number
    }
    return () => {
      let drawn: number
      do drawn = 1 + stream.integer(items)
      while (touchedBy[drawn] === user)
      return drawn
    }
  }
}
