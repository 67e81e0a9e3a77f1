/**
 * @file Why SGP4SR ranks an item: its score is a sum over the fused score and each modality's own, and there over the
 * interest centers.
 */
import type { FeatureModality, ItemIndex, Modality } from '../../dataset/schema.ts'
import type { ItemScores } from '../contract/model.ts'
import type { Explanation } from '../contract/scorer.ts'
import { averageRow, sharesOf } from '../parts/score-shares.ts'

/** Names of what the serving graph tells, for one history. */
export const reason = {
  /** e_u^s [D] */
  fused: 'fused',
  /** rho_m e_{u,t}^m [D] */
  stream: (modality: string): string => `stream.${modality}`,
  /** rho_m times e_{u,t}^m less what the encoder makes of items that it knows nothing of [D] */
  fusedBy: (modality: string): string => `fusedBy.${modality}`,
  /** rho_m alpha times what each center is of e_{c,u}^m [k, D] */
  centers: (modality: string): string => `centers.${modality}`,
} as const

/** What an item owes to a modality's score: to the stream, and to each center. */
interface Carried {
  readonly modality: Modality
  readonly stream: number
  readonly centers: readonly number[]
}

/**
 * Gives the shares of the id and of each modality in the scores of items, and the center that carried most. A modality
 * has its own score and what its items put into the fused one; what is left of that is the id's. A part's contribution
 * is its vector times the item's row, less what it gives the average item, since a constant moves no ranking. Negative
 * contributions count as nothing, unless all are negative.
 */
export function explainItems(
  modalities: readonly FeatureModality[],
  items: readonly ItemIndex[],
  reasons: Readonly<Record<string, Float32Array>>,
  scores: ItemScores,
): Explanation[] {
  const average = averageRow(scores)
  const width = scores.width / (1 + modalities.length)
  return items.map((item) => {
    const row = average.map((mean, at) => (scores.table[item * scores.width + at] as number) - mean)
    const fusedRow = row.subarray(0, width)
    const own = modalities.map((modality, index) => {
      const part = row.subarray((index + 1) * width, (index + 2) * width)
      const stream = reasons[reason.stream(modality)]
      const carried = carriedBy(modality, part, stream, reasons[reason.centers(modality)])
      // The fused vector is a sum too (eq. 17): what a modality's items put into it is the modality's.
      const fused = product(reasons[reason.fusedBy(modality)], fusedRow)
      return { ...carried, stream: carried.stream + fused, fused }
    })
    const whole = product(reasons[reason.fused], fusedRow)
    const ofId = own.reduce((sum, { fused }) => sum - fused, whole)
    const carried: Carried[] = [{ modality: 'id', stream: ofId, centers: [] }, ...own]
    const shares = sharesOf(carried.map(({ stream, centers }) => centers.reduce((sum, value) => sum + value, stream)))
    const center = strongestCenter(carried, shares)
    return {
      item,
      modalities: Object.fromEntries(carried.map(({ modality }, at) => [modality, shares[at]])),
      ...(center && { center }),
    }
  })
}

const none = new Float32Array(0)

const product = (vector: Float32Array = none, row: Float64Array): number =>
  vector.reduce((sum, value, at) => sum + value * (row[at] as number), 0)

function carriedBy(
  modality: Modality,
  row: Float64Array,
  stream: Float32Array = none,
  centers: Float32Array = none,
): Carried {
  const each = Array.from({ length: centers.length / row.length }, (_, at) =>
    product(centers.subarray(at * row.length, (at + 1) * row.length), row),
  )
  return { modality, stream: product(stream, row), centers: each }
}

/** A center's share is its part of what its modality carried. */
function strongestCenter(carried: readonly Carried[], shares: readonly number[]): Explanation['center'] {
  const all = carried.flatMap(({ modality, stream, centers }, at) => {
    const [, ...own] = sharesOf([stream, ...centers])
    return own.map((share, index) => ({ modality, index, share: share * (shares[at] as number) }))
  })
  return all.reduce<(typeof all)[number] | undefined>(
    (best, center) => (best && best.share >= center.share ? best : center),
    undefined,
  )
}
