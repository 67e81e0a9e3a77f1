/** @file Why M³BSR ranks an item: the score is a sum over slots, one for each behavior and modality. */
import type { ItemIndex, Modality } from '../../dataset/schema.ts'
import type { ItemScores } from '../contract/model.ts'
import type { Explanation } from '../contract/scorer.ts'
import { averageRow, sharesOf } from '../parts/score-shares.ts'

/** The slots, behavior by behavior, each with every modality. */
export interface SlotNames {
  readonly behaviors: readonly string[]
  readonly modalities: readonly Modality[]
}

/**
 * Shares of each behavior and each modality in the scores of items. A slot's contribution is its part of the user's
 * vector times the item's row, less what it gives the average item: a constant moves no ranking. Negative contributions
 * count as 0, unless all are negative. The common interest that routing put into a slot counts as that slot's.
 * @param parts [S, D], the serving graph's `parts` of one history
 */
export function explainItems(
  { behaviors, modalities }: SlotNames,
  items: readonly ItemIndex[],
  parts: Float32Array,
  scores: ItemScores,
): Explanation[] {
  const slots = behaviors.length * modalities.length
  const size = parts.length / slots
  const average = averageRow(scores)
  return items.map((item) => {
    const carried = Array.from({ length: slots }, (_, slot) => {
      let sum = 0
      for (let at = 0; at < size; at++) {
        sum +=
          (parts[slot * size + at] as number) *
          ((scores.table[item * scores.width + at] as number) - (average[at] as number))
      }
      return sum
    })
    const shares = sharesOf(carried)
    const totals = <Name extends string>(
      names: readonly Name[],
      nameOf: (slot: number) => number,
    ): Record<Name, number> => {
      const sums = names.map((_, index) =>
        shares.reduce((sum, share, slot) => (nameOf(slot) === index ? sum + share : sum), 0),
      )
      return Object.fromEntries(names.map((name, index) => [name, sums[index]])) as Record<Name, number>
    }
    return {
      item,
      behaviors: totals(behaviors, (slot) => Math.floor(slot / modalities.length)),
      modalities: totals(modalities, (slot) => slot % modalities.length),
    }
  })
}
