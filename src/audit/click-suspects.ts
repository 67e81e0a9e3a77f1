/** @file Events that look accidental, the likeliest first, each with what speaks against it. */
import type { Dataset } from '../dataset/schema.ts'
import { clickSignals, nearOf } from './click-signals.ts'
import { type Contrast, contrast } from './contrast.ts'
import { fittingLess, sourceParts } from './evidence.ts'

/** An event that may not have been meant. */
export interface ClickSuspect {
  readonly row: number
  /** About how likely it came about by chance. */
  readonly chance: number
  /** By what it is compared by, the share of the judged events that fit their history less. */
  readonly fits: Readonly<Record<string, number>>
  /** Seconds until the user's next later event of the visit; null where there is none, or time is only an order. */
  readonly dwell: number | null
  /** Whether it is the only event of its visit. */
  readonly bounce: boolean
  /** The share of the denoised events that the run's model moved less far; undefined where it moved none. */
  readonly moved?: number
  /** Rows of the user's nearest other events. */
  readonly near: readonly number[]
}

/** What was found among the events. */
export interface ClickFindings {
  readonly judged: number
  /** The estimate of the share of the judged events that nobody meant. */
  readonly share: number
  readonly weights: Contrast['weights']
  /** The chance that one fits better than a stand-in. */
  readonly told: number
  /** How many were cleared, since the same user came back to the item with a stronger behavior. */
  readonly cleared: number
  /** By row of the dataset, how likely the event came about by chance; NaN where it was not judged. */
  readonly chances: Float64Array
  readonly suspects: readonly ClickSuspect[]
}

const nearShown = 5

/**
 * Judges the events of a dataset. One that the same user follows with a stronger behavior on the same item is cleared.
 * @param least the least chance of a suspect
 * @param moved by row, how far a model's denoising moved the event; it is told, and does not judge
 */
export function clickSuspects(dataset: Dataset, least: number, moved?: Float64Array): ClickFindings {
  const { events, manifest } = dataset
  const signals = clickSignals(dataset)
  const { weights, share, told, chances, fits, parts } = contrast(signals, signals.drawn)
  const meant = followed(dataset)
  const bySource = sourceParts(signals.names, parts)
  const rankOf = Object.fromEntries(Object.entries(bySource).map(([source, all]) => [source, fittingLess(all)]))
  const farther = moved && fittingLess(moved.filter((one) => !Number.isNaN(one)))
  const near = nearOf(dataset)
  const found = Array.from(signals.rows.keys())
    .filter((at) => (chances[at] as number) >= least && meant[signals.rows[at] as number] === 0)
    .sort((a, b) => (fits[a] as number) - (fits[b] as number))
  const byRow = new Float64Array(events.item.length).fill(Number.NaN)
  for (const [at, row] of signals.rows.entries()) byRow[row] = chances[at] as number
  return {
    judged: signals.rows.length,
    share,
    weights,
    told,
    chances: byRow,
    cleared: signals.rows.reduce((sum, row) => sum + (meant[row] as number), 0),
    suspects: found.map((at): ClickSuspect => {
      const row = signals.rows[at] as number
      const [begin, end] = near(row)
      // Of events at one time, as in a basket, nobody knows which came first.
      let next = row + 1
      while (next < end && events.time[next] === events.time[row]) next++
      const later = (events.time[next] as number) - (events.time[row] as number)
      const far = moved?.[row]
      return {
        row,
        chance: chances[at] as number,
        fits: Object.fromEntries(
          Object.entries(rankOf).map(([source, rank]) => [source, rank(bySource[source]?.[at] as number)]),
        ),
        dwell: manifest.time === 'milliseconds' && next < end ? later / 1000 : null,
        bounce: manifest.time === 'milliseconds' && end - begin === 1,
        ...(farther && far !== undefined && !Number.isNaN(far) && { moved: farther(far) }),
        near: nearest(row, begin, end),
      }
    }),
  }
}

/** The other rows from begin to end, the nearest first. */
const nearest = (row: number, begin: number, end: number): number[] =>
  Array.from({ length: end - begin }, (_, at) => begin + at)
    .filter((one) => one !== row)
    .sort((a, b) => Math.abs(a - row) - Math.abs(b - row))
    .slice(0, nearShown)

/** By row, 1 where the same user has a stronger behavior on the same item at the same time or later. */
function followed({ events: { user, item, behavior, time } }: Dataset): Uint8Array {
  const meant = new Uint8Array(item.length)
  let latest = new Map<number, number>()
  for (let row = item.length - 1; row >= 0; row--) {
    if (user[row] !== user[row + 1]) latest = new Map()
    // Events of one time may stand in any order, so each is put in before the first of them is asked for.
    if (row === item.length - 1 || user[row] !== user[row + 1] || time[row] !== time[row + 1])
      for (let tied = row; tied >= 0 && user[tied] === user[row] && time[tied] === time[row]; tied--)
        latest.set(item[tied] as number, Math.max(latest.get(item[tied] as number) ?? 0, behavior[tied] as number))
    meant[row] = (latest.get(item[row] as number) ?? 0) > (behavior[row] as number) ? 1 : 0
  }
  return meant
}
