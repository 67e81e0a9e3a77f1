/**
 * @file Which events of a window came at one moment, and when: for models that keep an event from reading what came
 * with it or later.
 */
import type { Tensor } from '../../tensor/node.ts'
import type { Extra } from '../kind.ts'
import type { Window } from '../windows.ts'

/** What {@link moments} adds. */
export interface Moments {
  /** Events of one moment share a number; numbers count up from 1 with time, and are 0 at the padding: [B, L] int64. */
  readonly moment_BL: Tensor
}

/** The order of the events in time, where several may share one time. */
export function moments(): Extra<Moments, readonly Window[]> {
  return {
    recipe: { name: 'moments' },
    declare: ({ rows, length }, input) => ({ moment_BL: input('moment', [rows, length], 'int64') }),
    fill(windows, { length }, buffers) {
      const moment = buffers['moment'] as BigInt64Array | undefined
      if (!moment) return
      moment.fill(0n)
      for (const [row, { history }] of windows.entries()) {
        let number = 0
        for (let at = 0; at < history.time.length; at++) {
          if (at === 0 || history.time[at] !== history.time[at - 1]) number++
          moment[row * length + at] = BigInt(number)
        }
      }
    },
  }
}

/** What {@link times} adds. */
export interface Times {
  /** Days from the window's first event to each event, 0 at the padding: [B, L]. */
  readonly day_BL: Tensor
  /** Seconds since the event before, 0 at a window's first event and at the padding: [B, L]. */
  readonly gap_BL: Tensor
  /** Days from `since` to each event, 0 at the padding: [B, L]. */
  readonly date_BL: Tensor
}

/** The times of events. @param since a time in milliseconds, such as that of the dataset's first event */
export function times(since = 0): Extra<Times, readonly Window[]> {
  return {
    recipe: { name: 'times', settings: since },
    declare: ({ rows, length }, input) => ({
      day_BL: input('day', [rows, length]),
      gap_BL: input('gap', [rows, length]),
      date_BL: input('date', [rows, length]),
    }),
    fill(windows, { length }, buffers) {
      const [day, gap, date] = [buffers['day'], buffers['gap'], buffers['date']] as (Float32Array | undefined)[]
      for (const buffer of [day, gap, date]) buffer?.fill(0)
      for (const [row, { history }] of windows.entries()) {
        const [first = 0] = history.time
        for (const [at, time] of history.time.entries()) {
          const place = row * length + at
          if (day) day[place] = (time - first) / millisecondsADay
          if (gap) gap[place] = (time - (history.time[at - 1] ?? time)) / 1000
          if (date) date[place] = (time - since) / millisecondsADay
        }
      }
    },
  }
}

const millisecondsADay = 86_400_000
