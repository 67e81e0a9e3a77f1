/** @file A user's events as answers have them, newest first. */
import { historyOf } from '../dataset/histories.ts'
import { UserError } from '../errors.ts'
import type { EventStore } from '../store/event-store.ts'
import { checkId, checkLimit } from './incoming.ts'
import { itemPicture, titleOf } from './items.ts'
import type { HistoryEvent } from './service.ts'
import type { Serving } from './serving.ts'

/** See `Service.history`; also tells whether the user was forgotten. */
export async function toldHistory(
  serving: Serving,
  store: Pick<EventStore, 'history'>,
  user: string,
  limit: number,
): Promise<{ readonly events: readonly HistoryEvent[]; readonly forgotten: boolean }> {
  checkId('user', user)
  checkLimit('limit', limit)
  const { dataset, known, listings } = serving
  const [{ events: fresh, forgotten }, listing] = await Promise.all([store.history(user, limit), listings.current()])
  const index = forgotten ? undefined : known.users.get(user)
  if (index === undefined && fresh.length === 0) throw unknownUser(user)
  const timed = dataset.manifest.time === 'milliseconds'
  const event = (id: string, behavior: string, time: number, isFresh: boolean): Told => ({
    at: time,
    told: {
      id,
      title: titleOf(serving, listing, id),
      behavior,
      ...(timed && { time }),
      fresh: isFresh,
      picture: itemPicture(serving, id) !== undefined,
    },
  })
  const { item, behavior, time } = historyOf(dataset.events, index ?? 0)
  const first = Math.max(0, item.length - limit)
  const prepared = Array.from(item.subarray(first), (one, at) =>
    event(
      dataset.catalog.ids[one] as string,
      dataset.manifest.behaviors[behavior[first + at] as number] as string,
      time[first + at] as number,
      false,
    ),
  )
  // A dataset that was prepared since may have an event too that the store still holds.
  const had = new Set(prepared.map(keyOf))
  const since = fresh.map((one) => event(one.item, one.behavior, one.time, true))
  const all = [...prepared, ...(timed ? since.filter((one) => !had.has(keyOf(one))) : since)]
  // What came since an order was prepared comes after it, whatever its time.
  const ordered = timed ? all.toSorted((a, b) => a.at - b.at) : all
  const events = ordered.slice(-limit).map(({ told }) => told)
  return { events: events.reverse(), forgotten }
}

const keyOf = ({ at, told: { id, behavior } }: Told): string => JSON.stringify([id, behavior, at])

/** An event with its time, which is told only where the dataset has times. */
interface Told {
  readonly at: number
  readonly told: HistoryEvent
}

// No near names: they are other users.
const unknownUser = (user: string): UserError =>
  new UserError({ where: 'user', problem: 'unknown', value: `"${user}"`, expected: 'a user with events' })
