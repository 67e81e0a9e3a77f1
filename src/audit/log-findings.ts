/** @file What is odd about a log and its catalog as a whole. */

import type { Dataset } from '../dataset/schema.ts'
import { splitDataset } from '../dataset/splits.ts'
import { percent } from '../evaluate/printing.ts'
import { nearOf } from './click-signals.ts'

/** Something odd, how much of it there is, and what follows. */
export interface LogFinding {
  readonly name: string
  readonly count: number
  readonly of: number
  /** A sentence. */
  readonly told: string
  /** A few of them. */
  readonly examples: readonly string[]
}

const shown = 5
/** Two events of one user, item and behavior within so many milliseconds are one that was counted twice. */
const doubled = 2000

/** The findings that there are, in the order of reading. */
export function logFindings(dataset: Dataset): LogFinding[] {
  return [
    ...(dataset.manifest.time === 'milliseconds' ? [tiedTimes(dataset), doubledEvents(dataset)] : []),
    ...droppedRows(dataset),
    emptyHistories(dataset),
    deadItems(dataset),
    ...itemsWithout(dataset),
    ...brokenPictures(dataset),
    ...behaviorsWithoutTarget(dataset),
  ].filter(({ count }) => count > 0)
}

function tiedTimes({ events: { user, time, item }, userIds }: Dataset): LogFinding {
  let count = 0
  const perUser = new Map<number, number>()
  for (let begin = 0, end = 1; begin < time.length; begin = end++) {
    while (end < time.length && user[end] === user[begin] && time[end] === time[begin]) end++
    if (!item.subarray(begin, end).some((one) => one !== item[begin])) continue
    count += end - begin
    perUser.set(user[begin] as number, (perUser.get(user[begin] as number) ?? 0) + end - begin)
  }
  const worst = [...perUser].sort((a, b) => b[1] - a[1]).slice(0, shown)
  return {
    name: 'tied times',
    count,
    of: time.length,
    told: 'events have the time of another item’s event of their user: which came first is not known',
    examples: worst.map(([one, tied]) => `user ${userIds[one]}: ${tied}`),
  }
}

function doubledEvents({ events: { user, time, item, behavior }, userIds, catalog }: Dataset): LogFinding {
  const rows: number[] = []
  for (let row = 1; row < time.length; row++) {
    for (let before = row - 1; before >= 0 && user[before] === user[row]; before--) {
      if ((time[row] as number) - (time[before] as number) > doubled) break
      if (item[before] !== item[row] || behavior[before] !== behavior[row]) continue
      rows.push(row)
      break
    }
  }
  return {
    name: 'events counted twice',
    count: rows.length,
    of: time.length,
    told: 'events repeat one of the same user, item and behavior within two seconds',
    examples: rows
      .slice(0, shown)
      .map((row) => `user ${userIds[user[row] as number]}, item ${catalog.ids[item[row] as number]}`),
  }
}

/** What preparing had to leave out. */
function droppedRows({ manifest }: Dataset): LogFinding[] {
  const told: Readonly<Record<string, string>> = {
    'exact duplicates': 'events stood in the log more than once, and were counted once',
    'items not in the item table': 'events were on items that the item table does not list, and were left out',
    'duplicate items': 'items were listed more than once',
    'odd times': 'rows had a time that cannot be right, and were left out',
  }
  const all = manifest.dropped.reduce((sum, { events }) => sum + events, manifest.counts.events)
  return manifest.dropped.flatMap(({ filter, events, items }) => {
    const sentence = told[filter]
    if (sentence === undefined) return []
    const [count, of] = filter === 'duplicate items' ? [items, manifest.counts.items + items] : [events, all]
    return [{ name: filter, count, of, told: sentence, examples: [] }]
  })
}

function emptyHistories(dataset: Dataset): LogFinding {
  const { test, emptyHistories: empty } = splitDataset(dataset)
  return {
    name: 'empty histories',
    count: empty?.test ?? 0,
    of: test.length,
    told: 'test targets have no earlier event of their user: a model can only guess',
    examples: [],
  }
}

const nameOf = ({ catalog }: Dataset, item: number): string => catalog.titles[item] || (catalog.ids[item] as string)

function deadItems(dataset: Dataset): LogFinding {
  const touched = new Set(dataset.events.item)
  const dead = Array.from(dataset.catalog.ids.keys()).filter((item) => item > 0 && !touched.has(item))
  return {
    name: 'dead items',
    count: dead.length,
    of: dataset.catalog.ids.length - 1,
    told: 'items of the catalog have no event at all: are they still sold, and can they be found?',
    examples: dead.slice(0, shown).map((item) => nameOf(dataset, item)),
  }
}

/** Items that lack what most others have, the most touched first. */
function itemsWithout(dataset: Dataset): LogFinding[] {
  const { features, catalog, events } = dataset
  const counts = new Float64Array(catalog.ids.length)
  for (const item of events.item) counts[item] = (counts[item] as number) + 1
  return (['image', 'text'] as const).flatMap((modality) => {
    const table = features[modality]
    if (!table) return []
    const lacking = Array.from(counts.keys())
      .filter((item) => item > 0 && table.present[item] === 0)
      .sort((a, b) => (counts[b] as number) - (counts[a] as number))
    const touched = lacking.reduce((sum, item) => sum + (counts[item] as number), 0)
    const what = modality === 'image' ? 'picture' : 'text'
    return [
      {
        name: `items without a ${what}`,
        count: lacking.length,
        of: catalog.ids.length - 1,
        told: `items have no ${what} that could be read; ${percent(touched, events.item.length)} of the events are on them`,
        examples: lacking.slice(0, shown).map((item) => `${nameOf(dataset, item)} (${counts[item]} events)`),
      },
    ]
  })
}

function brokenPictures({ manifest }: Dataset): LogFinding[] {
  const broken = manifest.features.image?.broken ?? []
  return [
    {
      name: 'broken pictures',
      count: broken.length,
      of: manifest.counts.items,
      told: 'picture files cannot be read',
      examples: broken.slice(0, shown),
    },
  ]
}

/** Behaviors after which the target is no likelier than after any: they cost reading, and say little. */
function behaviorsWithoutTarget(dataset: Dataset): LogFinding[] {
  const { events, manifest } = dataset
  const target = manifest.behaviors.indexOf(manifest.target)
  const near = nearOf(dataset)
  const after = manifest.behaviors.map(() => ({ all: 0, visit: 0, item: 0 }))
  let later = { user: 0, items: new Set<number>() }
  for (let row = events.item.length - 1; row >= 0; row--) {
    const [user, item, behavior] = [events.user[row], events.item[row], events.behavior[row]] as [
      number,
      number,
      number,
    ]
    if (user !== later.user) later = { user, items: new Set() }
    const count = after[behavior] as (typeof after)[number]
    count.all++
    if (later.items.has(item)) count.item++
    const [, end] = near(row)
    if (behavior !== target && events.behavior.subarray(row + 1, end).includes(target)) count.visit++
    if (behavior === target) later.items.add(item)
  }
  return manifest.behaviors.flatMap((name, behavior) => {
    const { all, visit, item } = after[behavior] as (typeof after)[number]
    // A hundredth is what a handful of accidents would make.
    if (behavior === target || all === 0 || item > 0.01 * all) return []
    return [
      {
        name: `${name} without ${manifest.target}`,
        count: all - item,
        of: all,
        told: `${name} events are never followed by a ${manifest.target} of the same item; ${percent(visit, all)} are followed by one of another item soon after`,
        examples: [],
      },
    ]
  })
}
