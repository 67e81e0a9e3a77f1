/**
 * @file Suspects that could have been named before anybody knew the targets of a split: for whoever measures what
 * leaving them out is worth.
 */
import { firstRowAt } from '../dataset/histories.ts'
import { keptEvents } from '../dataset/kept-events.ts'
import type { Dataset, Split } from '../dataset/schema.ts'
import { clickSuspects } from './click-suspects.ts'
import { leastTold } from './contrast.ts'
import { pictureSuspects } from './picture-suspects.ts'

/**
 * The rows of events that look accidental, ascending. An event counts as fitting where it is like what its user does
 * later: an audit of the whole log keeps what is like the target, and so gives the target away. Here the events that
 * train are judged by the log that trains, and those after them by the log that ends before their user's test target.
 * What comes later is judged by nobody.
 * @param least the least chance of a suspect
 */
export function foreseenSuspects(dataset: Dataset, split: Split, least: number): number[] {
  const { events } = dataset
  const { trainEnd } = split
  const tested = Int32Array.from(trainEnd, (_, user) => events.start[user + 1] as number)
  for (const row of split.test) {
    const user = events.user[row] as number
    tested[user] = Math.min(tested[user] as number, firstRowAt(events, user, events.time[row] as number))
  }
  const isTrained = (row: number): boolean => row < (trainEnd[events.user[row] as number] as number)
  const trained = suspectsUntil(dataset, trainEnd, least)
  const later = suspectsUntil(dataset, tested, least).filter((row) => !isTrained(row))
  return [...trained, ...later].sort((a, b) => a - b)
}

/** Items whose picture looks wrong by the log that trains, ascending. @param least the least chance of a suspect */
export function foreseenPictures(dataset: Dataset, { trainEnd }: Split, least: number): number[] {
  const { events } = keptEvents(dataset.events, knownUntil(dataset, trainEnd))
  const found = pictureSuspects({ ...dataset, events }, least)
  if (!found || found.told < leastTold) return []
  return found.suspects.map(({ item }) => item).sort((a, b) => a - b)
}

/** Suspects of the log in which each user's rows end somewhere, as rows of the whole. */
function suspectsUntil(dataset: Dataset, ends: Int32Array, least: number): number[] {
  const isKnown = knownUntil(dataset, ends)
  const rows = Array.from(dataset.events.item.keys()).filter(isKnown)
  const { events } = keptEvents(dataset.events, isKnown)
  const { told, suspects } = clickSuspects({ ...dataset, events }, least)
  return told < leastTold ? [] : suspects.map(({ row }) => rows[row] as number)
}

/** Whether a row is before the end of its user. */
const knownUntil =
  ({ events }: Dataset, ends: Int32Array) =>
  (row: number): boolean =>
    row < (ends[events.user[row] as number] as number)
