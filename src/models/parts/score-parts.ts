/**
 * @file Why an item is ranked, where its score is a sum over modalities: each modality's part of every item's score is
 * a reason, and a part's share is what it gives an item above the average one.
 */
import type { Modality } from '../../dataset/schema.ts'
import type { Tensor } from '../../tensor/node.ts'
import type { BuiltModel } from '../contract/model.ts'
import { sharesOfModalities } from './score-shares.ts'

/** A table [V + 1, D] of what a modality adds to the table that ranks. */
export type TablePart = readonly [Modality, Tensor]

const reasonOf = (modality: string): string => `score.${modality}`

/** Parts of scores, [P, V + 1] each, by the names that {@link explainParts} reads. */
export const partReasons = (
  modalities: readonly Modality[],
  parts: readonly Tensor[],
): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(modalities.map((modality, at) => [reasonOf(modality), parts[at] as Tensor]))

/** Each part of the scores of all items: user [P, D] -> [P, V + 1]. The parts add up to the table that ranks. */
export function scoreParts(user: Tensor, parts: readonly TablePart[]): Readonly<Record<string, Tensor>> {
  return partReasons(
    parts.map(([modality]) => modality),
    parts.map(([, table]) => user.matmul(table, { transposeB: true })),
  )
}

/**
 * For a model's `explain`: the share of each modality in the scores of items. Negative parts count as nothing, unless
 * all are.
 */
export function explainParts(modalities: readonly Modality[]): NonNullable<BuiltModel['explain']> {
  return (_, items, reasons) => {
    const parts = modalities.map((modality) => {
      const scores = reasons[reasonOf(modality)] as Float32Array
      // What a part gives every item moves no ranking. The pad, the first of them, is no item.
      const average = scores.subarray(1).reduce((sum, score) => sum + score, 0) / (scores.length - 1)
      return { scores, average }
    })
    return sharesOfModalities(modalities, items, (modality, item) => {
      const { scores, average } = parts[modality] as (typeof parts)[0]
      return (scores[item] as number) - average
    })
  }
}
