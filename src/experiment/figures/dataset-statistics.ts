/** @file What papers count of a data set, as a table and a plot. */
import type { Dataset } from '../../dataset/schema.ts'
import { markdownTable, percent } from '../../evaluate/printing.ts'
import type { Plot } from './plot.ts'

/** A data set in numbers. */
export interface DatasetStatistics {
  readonly dataset: string
  readonly users: number
  readonly items: number
  readonly interactions: number
  /** Interactions a user. */
  readonly meanLength: number
  /** The share of pairs of a user and an item that never met. */
  readonly sparsity: number
  /** Events of each behavior a user. */
  readonly meanOf: Readonly<Record<string, number>>
  /** Share of the items with a picture's vector, and with a text's. */
  readonly withImage: number
  readonly withText: number
}

/** Counts a dataset. Users and items without an event count too. */
export function statisticsOf(label: string, { events, manifest, features }: Dataset): DatasetStatistics {
  const { users, items } = manifest.counts
  const interactions = events.item.length
  const counts = new Float64Array(manifest.behaviors.length)
  for (const behavior of events.behavior) counts[behavior] = (counts[behavior] as number) + 1
  const shareWith = (modality: 'image' | 'text'): number =>
    items === 0 ? 0 : (features[modality]?.present.subarray(1).reduce((sum, one) => sum + one, 0) ?? 0) / items
  return {
    dataset: label,
    users,
    items,
    interactions,
    meanLength: interactions / users,
    sparsity: 1 - distinctPairs(events) / (users * items),
    meanOf: Object.fromEntries(manifest.behaviors.map((name, at) => [name, (counts[at] as number) / users])),
    withImage: shareWith('image'),
    withText: shareWith('text'),
  }
}

/** How many pairs of a user and an item have an event. A user's events stand together. */
function distinctPairs({ start, item }: Dataset['events']): number {
  let pairs = 0
  for (let user = 1; user < start.length - 1; user++) pairs += new Set(item.subarray(start[user], start[user + 1])).size
  return pairs
}

const whole = (number: number): string => number.toLocaleString('en-US')

/** The table, one data set a line. */
export function statisticsTable(sets: readonly DatasetStatistics[]): string {
  const heads = ['data set', 'users', 'items', 'interactions', 'a user', 'sparsity', 'of each behavior a user']
  const lines = sets.map(({ dataset, users, items, interactions, meanLength, sparsity, meanOf, ...modalities }) => [
    dataset,
    whole(users),
    whole(items),
    whole(interactions),
    meanLength.toFixed(2),
    sparsity.toFixed(4),
    Object.entries(meanOf)
      .map(([name, mean]) => `${name} ${mean.toFixed(2)}`)
      .join(', '),
    percent(modalities.withImage, 1),
    percent(modalities.withText, 1),
  ])
  return markdownTable([...heads, 'items with a picture', 'with a text'], lines)
}

/** Interactions a user and an item, which say how much there is to learn of either. */
export function statisticsPlot(title: string, sets: readonly DatasetStatistics[]): Plot {
  const panel = (of: 'user' | 'item', count: (one: DatasetStatistics) => number) => ({
    title: `Interactions of ${of === 'user' ? 'a user' : 'an item'}`,
    x: 'data set',
    y: 'mean',
    series: [{ name: 'interactions', points: sets.map((one) => ({ x: one.dataset, mean: count(one) })) }],
  })
  return {
    title,
    panels: [
      panel('user', ({ meanLength }) => meanLength),
      panel('item', ({ interactions, items }) => interactions / items),
    ],
  }
}
