/** @file Checks what a caller says of users and items before any of it is stored. */
import { UserError, unknownName } from '../errors.ts'
import type { FreshEvent, ItemRecord } from '../store/event-store.ts'
import { mostNameBytes } from '../store/limits.ts'
import { behaviorOf, checkWhole, type KnownIds, unknownItem } from './known-ids.ts'
import { type Listing, own } from './listing.ts'

/** The longest title or value in UTF-16 units. */
const longestText = 10_000
/** How far a caller's clock may be ahead, in milliseconds. */
const ahead = 5 * 60_000
/** Before it in milliseconds, times of this century in seconds lie. */
const year1974 = Date.UTC(1974, 0)

/** What events are checked against. */
export interface IncomingRules {
  readonly known: KnownIds
  readonly listing: Listing
  /** Whether the dataset has times: if not, events are taken in the order they come. */
  readonly timed: boolean
  readonly now?: number
}

/**
 * Events as they are to be stored.
 * @throws UserError naming the event of the batch: `unknown` for its item or behavior, `invalid` for an id or a time
 * that cannot be
 */
export function checkedEvents(
  events: readonly FreshEvent[],
  { known, listing, timed, now = Date.now() }: IncomingRules,
): FreshEvent[] {
  return events.map((event, at) => {
    const { user, item, behavior, id } = event
    const where = `events[${at}]`
    checkId(`${where}.user`, user)
    checkId(`${where}.item`, item)
    if (id !== undefined) checkId(`${where}.id`, id)
    if (!known.items.has(item) && !listing.records.has(item)) throw unknownItem(`${where}.item`, item, known)
    behaviorOf(`${where}.behavior`, behavior, known)
    checkTime(`${where}.time`, event.time, now)
    if (timed) refuseSeconds(`${where}.time`, event.time, known)
    return timed ? event : { ...event, time: now }
  })
}

/** @throws UserError `invalid` for a time before 1970 or in the future */
export function checkTime(where: string, time: number, now: number): void {
  if (Number.isInteger(time) && time >= 0 && time <= now + ahead) return
  const expected = 'whole milliseconds since 1970, at most five minutes from now'
  throw new UserError({ where, problem: 'invalid', value: `${time}`, expected })
}

/**
 * A number of seconds would be read as January 1970, and the event as the oldest of its user.
 * @throws UserError `invalid` for a time before 1974 where the log begins later
 */
function refuseSeconds(where: string, time: number, known: Pick<KnownIds, 'begins'>): void {
  if (time >= year1974 || known.begins() < year1974) return
  const [expected, hint] = ['whole milliseconds since 1970', 'if these are seconds, multiply them by 1000']
  throw new UserError({ where, problem: 'invalid', value: `${time}`, expected, hint })
}

/** @throws UserError `empty` or `invalid` for what can be no id */
export function checkId(where: string, id: unknown): void {
  if (typeof id !== 'string') throw new UserError({ where, problem: 'invalid', value: String(id), expected: 'a text' })
  if (id === '') throw new UserError({ where, problem: 'empty', value: 'the id' })
  const bytes = Buffer.byteLength(id)
  if (bytes > mostNameBytes) {
    const [value, expected] = [`an id of ${bytes} bytes`, `at most ${mostNameBytes}`]
    throw new UserError({ where, problem: 'invalid', value, expected })
  }
  checkWritable(where, id)
}

/** Stores keep texts as UTF-8 without NUL: what is changed on the way would be another id. */
function checkWritable(where: string, text: string): void {
  if (!/[\0\p{Cs}]/u.test(text)) return
  const expected = 'a text without NUL and halves of characters'
  throw new UserError({ where, problem: 'invalid', value: text, expected })
}

/**
 * Checks what is said of an item.
 * @throws UserError `unknown` for a field that the dataset does not have, `invalid` for a value of another type
 */
export function checkRecord({ id, title, text, fields = {}, numbers = {} }: ItemRecord, { catalog }: Listing): void {
  checkId('item.id', id)
  for (const [name, value] of Object.entries({ title, text })) if (value !== undefined) checkText(`item.${name}`, value)
  for (const [name, value] of Object.entries(fields)) {
    if (!own(catalog.fields, name)) throw unknownName('item.fields', name, Object.keys(catalog.fields))
    checkText(`item.fields.${name}`, value)
  }
  for (const [name, value] of Object.entries(numbers)) {
    const where = `item.numbers.${name}`
    if (!own(catalog.numbers ?? {}, name)) throw unknownName('item.numbers', name, Object.keys(catalog.numbers ?? {}))
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new UserError({ where, problem: 'invalid', value: String(value), expected: 'a number' })
  }
}

function checkText(where: string, text: unknown): void {
  if (typeof text !== 'string')
    throw new UserError({ where, problem: 'invalid', value: String(text), expected: 'a text' })
  if (text.length > longestText) {
    const [value, expected] = [`a text of ${text.length} characters`, `at most ${longestText}`]
    throw new UserError({ where, problem: 'invalid', value, expected })
  }
  checkWritable(where, text)
}

/** @throws UserError `invalid` for what is no length of a list */
export const checkLimit = (where: string, limit: number): void => checkWhole(where, limit, { from: 1, to: 10_000 })
