/** @file Which modality carried a score, where rows and users are the modalities' vectors side by side. */
import type { ItemIndex, Modality } from '../../dataset/schema.ts'
import type { ItemScores } from '../contract/model.ts'
import type { Explanation } from '../contract/scorer.ts'
import { averageRow, sharesOfModalities } from './score-shares.ts'

/**
 * A modality's part of a score is its stretch of the user's vector times that of the item's row, less what it gives the
 * average item. Negative parts count as nothing, unless all are negative.
 * @param user as long as a row
 */
export function modalityShares(
  modalities: readonly Modality[],
  items: readonly ItemIndex[],
  user: Float32Array,
  scores: ItemScores,
): Explanation[] {
  const average = averageRow(scores)
  const size = scores.width / modalities.length
  return sharesOfModalities(modalities, items, (modality, item) => {
    let sum = 0
    for (let at = modality * size; at < (modality + 1) * size; at++)
      sum += (user[at] as number) * ((scores.table[item * scores.width + at] as number) - (average[at] as number))
    return sum
  })
}
