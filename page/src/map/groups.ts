/** @file What the map says of its items: their groups, who is near, and what changed most. */
import type { ItemMap, ItemMapSide } from '../../../src/serve/service.ts'

/** A category with a color of its own, or all the others. */
export interface Group {
  readonly said: string
  /** The token of its color. */
  readonly color: string
  readonly items: readonly number[]
}

/** How many categories have a color of their own. */
const most = 9

/** An item's main category: the first of several. */
const mainOf = (category: string): string => category.split('|')[0] ?? ''

/** The largest categories, then the others; each item is in one. */
export function groupsOf(items: ItemMap['items']): Group[] {
  const byName = new Map<string, number[]>()
  for (const [at, { category }] of items.entries()) {
    const name = mainOf(category)
    const own = byName.get(name) ?? []
    own.push(at)
    byName.set(name, own)
  }
  const named = [...byName].filter(([name]) => name !== '').sort(([, a], [, b]) => b.length - a.length)
  const groups = named.slice(0, most).map(([said, own], at) => ({ said, color: `c${at}`, items: own }))
  const others = [...named.slice(most).flatMap(([, own]) => own), ...(byName.get('') ?? [])]
  return others.length === 0 ? groups : [...groups, { said: 'Other', color: 'c9', items: others }]
}

/** The nearest of an item, nearest first. */
export function nearOf({ near }: ItemMapSide, item: number, count: number): readonly number[] {
  const each = near.length / count
  return near.slice(item * each, (item + 1) * each)
}

/** The share of nearest items that have the main category of the item they are near to. */
export function agreement(side: ItemMapSide, items: ItemMap['items']): number {
  const mains = items.map(({ category }) => mainOf(category))
  let [same, all] = [0, 0]
  for (const [item, main] of mains.entries()) {
    if (main === '') continue
    for (const other of nearOf(side, item, items.length)) {
      all++
      if (mains[other] === main) same++
    }
  }
  return all === 0 ? 0 : same / all
}

/** The share of a group's nearest items that are of the group. */
export function togetherness(side: ItemMapSide, group: readonly number[], count: number): number {
  const own = new Set(group)
  const near = group.flatMap((item) => nearOf(side, item, count))
  return near.filter((other) => own.has(other)).length / (near.length || 1)
}

/** Items of which the fewest nearest ones stayed; of equal ones the most popular. */
export function movedMost({ before, after, items }: ItemMap, count: number): number[] {
  if (!before) return []
  const stayed = items.map((_, item) => {
    const known = new Set(nearOf(before, item, items.length))
    return nearOf(after, item, items.length).filter((other) => known.has(other)).length
  })
  return [...items.keys()].sort((a, b) => (stayed[a] ?? 0) - (stayed[b] ?? 0) || a - b).slice(0, count)
}

/** Where a group's name stands: at the one of its points that is nearest to all of them. */
export function middleOf({ points }: ItemMapSide, items: readonly number[]): readonly [number, number] {
  const place = (item: number): [number, number] => [points[2 * item] ?? 0, points[2 * item + 1] ?? 0]
  const median = (axis: 0 | 1): number => {
    const values = items.map((item) => place(item)[axis]).sort((a, b) => a - b)
    return values[Math.floor(values.length / 2)] ?? 0
  }
  const [x, y] = [median(0), median(1)]
  const far = (item: number): number => Math.hypot(place(item)[0] - x, place(item)[1] - y)
  const nearest = items.reduce((best, item) => (far(item) < far(best) ? item : best), items[0] ?? 0)
  return place(nearest)
}
