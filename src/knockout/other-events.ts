/** @file A log whose events of one behavior are gone, or are of other items. */
import type { TrainingData } from '../batches/kind.ts'
import { type KeptEvents, keptEvents } from '../dataset/kept-events.ts'
import type { Dataset } from '../dataset/schema.ts'
import type { RandomStream } from '../random/stream.ts'
import type { Way } from './signals.ts'

/** How often an event is given another item when the one it got is not allowed. */
const mostTries = 100

/**
 * The events with those of a behavior replaced. `nothing`: they are gone. `permutation`: their items are dealt out
 * among them anew, so that each user has as many, at the same times, and each item as many. `noise`: each is of one of
 * their items, drawn evenly. Where items that were touched are no candidates, none gets an item that its user is to be
 * recommended: the log would not have had it either.
 */
export function otherEvents(data: TrainingData, name: string, way: Way, random: RandomStream): KeptEvents {
  const { events, manifest } = data.dataset
  const behavior = manifest.behaviors.indexOf(name)
  const rows = Int32Array.from(events.behavior, (_, row) => row).filter((row) => events.behavior[row] === behavior)
  if (way === 'nothing') return keptEvents(events, (row) => events.behavior[row] !== behavior)
  const item = events.item.slice()
  const isAllowed = allowedItems(data)
  if (way === 'permutation') dealOut(item, rows, { isAllowed, random })
  else {
    const known = [...new Set(Array.from(rows, (row) => events.item[row] as number))].sort((a, b) => a - b)
    for (const row of rows) {
      for (let tries = 0; tries < mostTries; tries++) {
        item[row] = known[random.integer(known.length)] as number
        if (isAllowed(row, item[row])) break
      }
    }
  }
  return { events: { ...events, item }, before: Int32Array.from({ length: item.length + 1 }, (_, row) => row) }
}

/** Shuffles the items of rows; who got one that is not allowed exchanges it with somebody whom that suits. */
function dealOut(
  item: Int32Array,
  rows: Int32Array,
  { isAllowed, random }: { readonly isAllowed: (row: number, item: number) => boolean; readonly random: RandomStream },
): void {
  const dealt = random.shuffle(Int32Array.from(rows, (row) => item[row] as number))
  for (const [at, row] of rows.entries()) item[row] = dealt[at] as number
  for (const row of rows) {
    for (let tries = 0; tries < mostTries && !isAllowed(row, item[row] as number); tries++) {
      const other = rows[random.integer(rows.length)] as number
      const [own, its] = [item[row] as number, item[other] as number]
      if (!isAllowed(row, its) || !isAllowed(other, own)) continue
      item[row] = its
      item[other] = own
    }
  }
}

/** Which items an event may be of: not those of its user's targets, where touched ones would not be ranked. */
function allowedItems({ dataset, split }: TrainingData): (row: number, item: number) => boolean {
  if (!split || !leavesTouchedOut(dataset)) return () => true
  const { user, item } = dataset.events
  const targets = new Set([...split.validation, ...split.test].map((row) => `${user[row]} ${item[row]}`))
  return (row, other) => !targets.has(`${user[row]} ${other}`)
}

const leavesTouchedOut = ({ manifest, asked }: Dataset): boolean =>
  manifest.candidates === 'unseen' || asked?.question === 'discovery'
