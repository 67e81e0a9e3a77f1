/** @file Items whose picture looks like another item's, the likeliest first. */
import type { Dataset } from '../dataset/schema.ts'
import { nearOf } from './click-signals.ts'
import { type Contrast, contrast } from './contrast.ts'
import { fittingLess, sourceParts } from './evidence.ts'
import { nearestOf, pictureSignals } from './picture-signals.ts'
import { unitVectors } from './unit-vectors.ts'

/** An item whose picture may be wrong. */
export interface PictureSuspect {
  readonly item: number
  /** About how likely the picture is that of any item. */
  readonly chance: number
  /** By what it is compared by, the share of the pictures that fit their item less. */
  readonly fits: Readonly<Record<string, number>>
  /** Items that it ought to look like: those touched near its target events, or else those with the nearest texts. */
  readonly company: readonly number[]
  readonly alike: readonly number[]
}

/** What was found among the pictures. */
export interface PictureFindings {
  readonly judged: number
  /** The estimate of the share of the pictures that are wrong. */
  readonly share: number
  readonly weights: Contrast['weights']
  /** The chance that one fits better than a stand-in. */
  readonly told: number
  readonly suspects: readonly PictureSuspect[]
}

const shown = 4

/** Judges the pictures of a dataset; null where no item has a vector of its picture. */
export function pictureSuspects(dataset: Dataset, least: number): PictureFindings | null {
  const signals = pictureSignals(dataset)
  if (!signals) return null
  const { weights, share, told, chances, fits, parts } = contrast(signals, signals.drawn)
  const bySource = sourceParts(signals.names, parts)
  const rankOf = Object.fromEntries(Object.entries(bySource).map(([source, all]) => [source, fittingLess(all)]))
  const found = Array.from(signals.items.keys())
    .filter((at) => (chances[at] as number) >= least)
    .sort((a, b) => (fits[a] as number) - (fits[b] as number))
  const company = companions(dataset, new Set(found.map((at) => signals.items[at] as number)))
  const alike = alikeOf(dataset, signals.items)
  return {
    judged: signals.items.length,
    share,
    weights,
    told,
    suspects: found.map((at): PictureSuspect => {
      const item = signals.items[at] as number
      return {
        item,
        chance: chances[at] as number,
        fits: Object.fromEntries(
          Object.entries(rankOf).map(([source, rank]) => [source, rank(bySource[source]?.[at] as number)]),
        ),
        company: company(item),
        alike: alike(item),
      }
    }),
  }
}

/** The items most often touched near the target events on each of some items. */
function companions(dataset: Dataset, wanted: ReadonlySet<number>): (item: number) => number[] {
  const { events, manifest } = dataset
  const target = manifest.behaviors.indexOf(manifest.target)
  const near = nearOf(dataset)
  const counts = new Map<number, Map<number, number>>()
  for (const [row, item] of events.item.entries()) {
    if (events.behavior[row] !== target || !wanted.has(item)) continue
    const own = counts.get(item) ?? new Map<number, number>()
    counts.set(item, own)
    const [begin, end] = near(row)
    for (const other of new Set(events.item.subarray(begin, end)))
      if (other !== item) own.set(other, (own.get(other) ?? 0) + 1)
  }
  return (item) =>
    [...(counts.get(item) ?? [])]
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .slice(0, shown)
      .map(([other]) => other)
}

/** The items with the nearest texts. */
function alikeOf({ features: { text } }: Dataset, items: Int32Array): (item: number) => number[] {
  if (!text) return () => []
  const nearest = nearestOf(
    unitVectors(text),
    items.filter((item) => text.present[item] === 1),
  )
  return (item) =>
    text.present[item] === 1
      ? nearest(item)
          .filter((other) => other !== item)
          .slice(0, shown)
      : []
}
