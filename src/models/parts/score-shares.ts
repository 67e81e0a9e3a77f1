/** @file Shares of what a score is a sum of, for explanations. */
import type { ItemIndex, Modality } from '../../dataset/schema.ts'
import type { ItemScores } from '../contract/model.ts'
import type { Explanation } from '../contract/scorer.ts'

/** The mean of the items' rows, [D]: what a part gives the average item moves no ranking. */
export function averageRow({ table, width }: ItemScores): Float64Array {
  const average = new Float64Array(width)
  const rows = table.length / width - 1
  for (let at = width; at < table.length; at++)
    average[at % width] = (average[at % width] as number) + (table[at] as number) / rows
  return average
}

/** Non-negative shares that add up to 1: negative values count as nothing, unless all are. */
export function sharesOf(values: readonly number[]): number[] {
  const positive = values.map((value) => Math.max(0, value))
  const counted = positive.some((value) => value > 0) ? positive : values.map(Math.abs)
  const total = counted.reduce((sum, value) => sum + value, 0)
  return counted.map((value) => (total > 0 ? value / total : 1 / values.length))
}

/** The share of each modality in the scores of items. @param partOf what a modality adds to an item's score */
export function sharesOfModalities(
  modalities: readonly Modality[],
  items: readonly ItemIndex[],
  partOf: (modality: number, item: ItemIndex) => number,
): Explanation[] {
  return items.map((item) => {
    const shares = sharesOf(modalities.map((_, modality) => partOf(modality, item)))
    return { item, modalities: Object.fromEntries(modalities.map((name, at) => [name, shares[at]])) }
  })
}
