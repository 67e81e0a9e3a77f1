/** @file From the log's ids to indices, in one step each. */
import type { BehaviorIndex, Dataset, ItemIndex, UserIndex } from '../dataset/schema.ts'
import { UserError, unknownName } from '../errors.ts'

/** The indices of a dataset's ids. */
export interface KnownIds {
  readonly users: ReadonlyMap<string, UserIndex>
  readonly items: ReadonlyMap<string, ItemIndex>
  readonly behaviors: ReadonlyMap<string, BehaviorIndex>
  /** User indices, those with the most events first. */
  busiest(): Int32Array
  /** The time of the log's first event; 0 without one. */
  begins(): number
}

/** Reads the ids of a dataset once. */
export function knownIds({ userIds, catalog, manifest, events }: Dataset): KnownIds {
  let sorted: Int32Array | undefined
  let begun: number | undefined
  const eventsOf = (user: number): number => (events.start[user + 1] as number) - (events.start[user] as number)
  return {
    users: indicesOf(userIds),
    items: indicesOf(catalog.ids),
    behaviors: new Map(manifest.behaviors.map((name, index) => [name, index])),
    busiest() {
      sorted ??= Int32Array.from({ length: userIds.length - 1 }, (_, at) => at + 1).sort(
        (a, b) => eventsOf(b) - eventsOf(a) || a - b,
      )
      return sorted
    },
    begins() {
      begun ??= events.time.length === 0 ? 0 : events.time.reduce((first, time) => Math.min(first, time))
      return begun
    },
  }
}

function indicesOf(ids: readonly string[]): Map<string, number> {
  const indices = new Map<string, number>()
  for (let index = 1; index < ids.length; index++) indices.set(ids[index] as string, index)
  return indices
}

/** The most ids that an unknown one is compared with: all of a large catalog would hold up everybody else. */
const compared = 2000

/** The error for an item that nobody knows; near names are looked for among ids that begin alike. */
export function unknownItem(where: string, id: string, { items }: Pick<KnownIds, 'items'>): UserError {
  const near: string[] = []
  for (const known of items.keys()) {
    if (known.startsWith(id.slice(0, 2)) && near.push(known) === compared) break
  }
  return unknownName(where, id, near, { expected: 'an item of the catalog' })
}

/** The index of a behavior. @throws UserError `unknown` */
export function behaviorOf(where: string, name: string, { behaviors }: Pick<KnownIds, 'behaviors'>): BehaviorIndex {
  const index = behaviors.get(name)
  if (index === undefined) throw unknownName(where, name, [...behaviors.keys()])
  return index
}

/** @throws UserError `invalid` for a number that is not whole or out of its range */
export function checkWhole(where: string, value: number, { from, to }: { from: number; to: number }): void {
  if (Number.isInteger(value) && value >= from && value <= to) return
  throw new UserError({
    where,
    problem: 'invalid',
    value: `${value}`,
    expected: `a whole number from ${from} to ${to}`,
  })
}
