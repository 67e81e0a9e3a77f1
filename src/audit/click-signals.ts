/** @file How well each event fits the rest of its user's history, and how well an item drawn in its place would. */
import type { Dataset } from '../dataset/schema.ts'
import { visitStarts } from '../dataset/visits.ts'
import { randomStream } from '../random/stream.ts'
import type { Signals } from './contrast.ts'
import { togetherVectors } from './together-vectors.ts'
import { sumOf, type UnitVectors, unitVectors } from './unit-vectors.ts'

/** Events with their signals. */
export interface ClickSignals extends Signals {
  /** The rows of the events, ascending. */
  readonly rows: Int32Array
  /** The signals of the stand-ins. */
  readonly drawn: Float64Array
}

/** Users are split into so many parts; those of one are judged by vectors of the others. */
const parts = 4
/** Where time is only an order: so many events before and after are near. */
const nearby = 3

/** What items are compared by, and in the names of signals what of. */
const sources = ['together', 'image', 'text'] as const
const contexts = ['near', 'all'] as const

/** The names of the signals of one source. */
const signalsOf = (source: (typeof sources)[number]): string[] => contexts.map((context) => `${source}, ${context}`)

/**
 * The signals of the events of all behaviors but the target, or of all events where there is no other: the mean cosine
 * with the user's other events of the visit, and with all others, by who touched items together, by looks and by
 * titles. A stand-in is the item of another such event, drawn, that the user did not touch.
 */
export function clickSignals(dataset: Dataset, seed = 1): ClickSignals {
  const { events, manifest, features, userIds, catalog } = dataset
  const target = manifest.behaviors.indexOf(manifest.target)
  const judged = manifest.behaviors.length === 1 ? () => true : (row: number) => events.behavior[row] !== target
  const rows = Int32Array.from(Array.from(events.item.keys()).filter(judged))
  const itemCount = catalog.ids.length - 1
  const content = (['image', 'text'] as const).flatMap((source) => {
    const table = features[source]
    return table ? [{ source, table: unitVectors(table) }] : []
  })
  const known: (typeof sources)[number][] = ['together', ...content.map(({ source }) => source)]
  const names = known.flatMap(signalsOf)
  const values = new Float64Array(rows.length * names.length)
  const drawn = new Float64Array(rows.length * names.length)
  const near = nearOf(dataset)
  const random = randomStream(seed, 'stand-ins of events')
  const standIns = standInsOf(dataset, rows, (below) => random.integer(below))
  for (let part = 0; part < parts; part++) {
    const together = togetherVectors(events, itemCount, (user) => user % parts !== part)
    const tables = [together, ...content.map(({ table }) => table)]
    for (let user = part === 0 ? parts : part; user < userIds.length; user += parts)
      for (const [source, table] of tables.entries()) {
        const write = fitsOf(dataset, user, table, near)
        for (let at = firstAt(rows, events.start[user] as number); at < rows.length; at++) {
          const row = rows[at] as number
          if (row >= (events.start[user + 1] as number)) break
          const to = at * names.length + source * contexts.length
          write(row, events.item[row] as number, values.subarray(to, to + contexts.length))
          write(row, standIns[at] as number, drawn.subarray(to, to + contexts.length))
        }
      }
  }
  return { names, rows, values, drawn }
}

/** The first place of a row at or after another, among ascending rows. */
function firstAt(rows: Int32Array, least: number): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rows[middle] as number) < least) low = middle + 1
    else high = middle
  }
  return low
}

/** From where to where the events near a row lie: those of its visit, or a few before and after it. */
export function nearOf({ events, manifest }: Dataset): (row: number) => readonly [begin: number, end: number] {
  const { user, start } = events
  const bounds = (row: number): [number, number] => [
    start[user[row] as number] as number,
    start[(user[row] as number) + 1] as number,
  ]
  if (manifest.time === 'order')
    return (row) => {
      const [first, last] = bounds(row)
      return [Math.max(first, row - nearby), Math.min(last, row + nearby + 1)]
    }
  const rule = { idleMinutes: manifest.idleMinutes ?? 30, timesFrom: manifest.timesFrom }
  const begins = visitStarts(events, rule)
  const ends = new Int32Array(begins.length)
  for (let row = begins.length - 1; row >= 0; row--)
    ends[row] = begins[row + 1] === begins[row] ? (ends[row + 1] as number) : row + 1
  return (row) => [begins[row] as number, ends[row] as number]
}

/** Writes the mean cosine of an item with the events near a row, and with all of the user, without the row itself. */
function fitsOf(
  { events: { item, start } }: Dataset,
  user: number,
  table: UnitVectors,
  near: (row: number) => readonly [number, number],
) {
  const { width, vectors } = table
  const [first, last] = [start[user] as number, start[user + 1] as number]
  const all = { begin: first, end: last, sum: sumOf(item.subarray(first, last), table) }
  let visit = { begin: -1, end: -1, sum: all.sum }
  return (row: number, judged: number, into: Float64Array): void => {
    const [begin, end] = near(row)
    if (begin !== visit.begin || end !== visit.end) visit = { begin, end, sum: sumOf(item.subarray(begin, end), table) }
    for (const [place, context] of [visit, all].entries()) {
      const others = context.end - context.begin - 1
      let fit = 0
      for (let at = 0; at < width; at++)
        fit +=
          (vectors[judged * width + at] as number) *
          ((context.sum[at] as number) - (vectors[(item[row] as number) * width + at] as number))
      into[place] = others > 0 ? fit / others : 0
    }
  }
}

/** For each row the item of another row, drawn until it is one that the user did not touch; a few tries at most. */
function standInsOf(
  { events: { user, item, start } }: Dataset,
  rows: Int32Array,
  draw: (below: number) => number,
): Int32Array {
  let [owner, touched] = [0, new Set<number>()]
  return rows.map((row) => {
    if (user[row] !== owner) {
      owner = user[row] as number
      touched = new Set(item.subarray(start[owner], start[owner + 1]))
    }
    let drawn = 0
    for (let tries = 0; tries < 20; tries++) {
      drawn = item[rows[draw(rows.length)] as number] as number
      if (!touched.has(drawn)) break
    }
    return drawn
  })
}
