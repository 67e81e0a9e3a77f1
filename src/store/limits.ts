/** @file What every store can hold: checked before anything is written, so that a batch is refused as a whole. */
import { UserError } from '../errors.ts'
import type { FreshEvent } from './event-store.ts'

/** The most bytes of a name in UTF-8: keys of LMDB are short. */
export const mostNameBytes = 512
/** Times take six bytes of a key. The last one is in the year 10889, and microseconds of today are beyond it. */
const lastTime = 2 ** 48 - 1

/** @throws UserError `invalid` for the first event that no store could hold */
export function checkEvents(events: readonly FreshEvent[]): void {
  for (const [at, { user, item, behavior, time, id }] of events.entries()) {
    const where = `events[${at}]`
    checkName(`${where}.user`, user)
    checkName(`${where}.item`, item)
    checkName(`${where}.behavior`, behavior)
    if (id !== undefined) checkName(`${where}.id`, id)
    if (!Number.isInteger(time) || time < 0 || time > lastTime)
      throw new UserError({
        where: `${where}.time`,
        problem: 'invalid',
        value: String(time),
        expected: 'whole milliseconds since 1970',
      })
  }
}

/** @throws UserError `invalid` for a name that is empty or long, or has what not every store can write */
export function checkName(where: string, name: string): void {
  const expected = refusal(name)
  if (expected) throw new UserError({ where, problem: 'invalid', value: JSON.stringify(name), expected })
}

function refusal(name: string): string | undefined {
  if (name === '') return 'a name'
  // A string of so many code units has at most three times as many bytes, which is cheaper to know.
  if (name.length * 3 > mostNameBytes && Buffer.byteLength(name) > mostNameBytes)
    return `at most ${mostNameBytes} bytes`
  if (name.includes('\0')) return 'no NUL character'
  return /\p{Surrogate}/u.test(name) ? 'whole characters, no half of a surrogate pair' : undefined
}
