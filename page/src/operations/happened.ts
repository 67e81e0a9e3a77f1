/** @file What happened while the readings were taken, the latest first. */
import { counted } from '../format.ts'
import { between, type Reading } from './readings.ts'

/** One thing that happened. */
export interface Happened {
  readonly at: number
  readonly what: string
  readonly note: string
  readonly state: 'Open' | 'Over' | 'Done'
}

/** Times without the store, swaps of the run, new beginnings, and spells of errors. */
export function happenedIn(readings: readonly Reading[]): Happened[] {
  const steps = readings.slice(1).map((after, at) => ({ before: readings[at] as Reading, after }))
  const swaps = steps.flatMap(({ before, after }): Happened[] =>
    before.runs !== after.runs && after.runs !== ''
      ? [{ at: after.at, what: 'Model changed', note: `${after.runs} replaced ${before.runs}.`, state: 'Done' }]
      : [],
  )
  const begun = steps.flatMap(({ before, after }): Happened[] =>
    after.requests < before.requests
      ? [{ at: after.at, what: 'The service began anew', note: 'It counts from 0 again.', state: 'Done' }]
      : [],
  )
  const away = spellsOf(readings.map(({ at, storeUp }) => ({ at, bad: !storeUp, times: 0 }))).map(
    ({ at, state }): Happened => ({
      at,
      state,
      what: 'The store did not answer',
      note: 'New events were refused with “try again”; nothing is lost that was acknowledged.',
    }),
  )
  const failing = spellsOf(
    steps.map(({ before, after }) => {
      const { errors } = between(before, after)
      return { at: after.at, bad: errors > 0, times: errors }
    }),
  ).map(
    ({ at, state, times }): Happened => ({
      at,
      state,
      what: `${counted(times, 'request', 'requests')} failed`,
      note: 'The service’s log has each under its request id.',
    }),
  )
  return [...swaps, ...begun, ...away, ...failing].sort((a, b) => b.at - a.at)
}

/** Neighbors that are bad, as one: when it began, and whether it still goes on. */
function spellsOf(all: readonly { readonly at: number; readonly bad: boolean; readonly times: number }[]) {
  const spells: { at: number; state: 'Open' | 'Over'; times: number }[] = []
  for (const [place, { at, bad, times }] of all.entries()) {
    const last = spells.at(-1)
    if (!bad && last?.state === 'Open') last.state = 'Over'
    if (!bad) continue
    if (all[place - 1]?.bad && last) last.times += times
    else spells.push({ at, state: 'Open', times })
  }
  return spells
}
