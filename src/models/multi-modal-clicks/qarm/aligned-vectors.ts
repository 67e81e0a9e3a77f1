/** @file An item's pictures and texts as unit vectors, as they are or through an adapter that pairs of items align. */
import type { ItemPairs } from '../../../batches/item-pairs.ts'
import { linear } from '../../../nn/linear.ts'
import { equal, greater, or } from '../../../tensor/compare.ts'
import { addAll, mul } from '../../../tensor/elementwise.ts'
import { concat } from '../../../tensor/move.ts'
import type { Tensor } from '../../../tensor/node.ts'
import { dims } from '../../../tensor/shape.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import type { OfItems } from '../../parts/catalog-once.ts'
import { infoNce } from '../../parts/info-nce.ts'
import { presentModalities } from '../../parts/modalities.ts'
import { frozenVectors } from '../../parts/projected-vectors.ts'
import type { QarmConfig } from './config.ts'

/** Vectors that one quantizer makes codes of. */
export interface AlignedVectors {
  /** `joined`, or the modality. */
  readonly name: string
  /** W */
  readonly width: number
  /** (2), unit vectors [.., W]; zeros where an item has none. */
  readonly of: OfItems
  /** [V + 1]: 1 where an item has one. */
  readonly present: Tensor
}

/**
 * The vectors of pictures and texts, each of length 1, side by side or apart; none where the catalog has neither.
 * Parameters `adapter.NAME.{weight,bias}`, where there is an adapter.
 */
export function alignedVectors(
  catalog: CatalogShape,
  { codesOf, alignment, alignedSize }: Pick<QarmConfig, 'codesOf' | 'alignment' | 'alignedSize'>,
): readonly AlignedVectors[] {
  const each = presentModalities(catalog).map((name) => ({ name, frozen: [frozenVectors(name, catalog)] }))
  const joined = { name: 'joined', frozen: each.flatMap(({ frozen }) => frozen) }
  const sources = codesOf === 'each' ? each : each.length > 0 ? [joined] : []
  return sources.map(({ name, frozen }) => {
    const from = frozen.reduce((sum, { vectors }) => sum + dims(vectors, 2)[1], 0)
    const adapter = alignment === 'adapter' ? linear(`adapter.${name}`, [from, alignedSize]) : undefined
    const counts = addAll(frozen.map((one) => one.present))
    const present = greater(counts, 0).cast('float32')
    return {
      name,
      width: adapter ? alignedSize : from,
      present,
      of(ids) {
        const parts = frozen.map(({ vectors }) => (ids ? vectors.rows(ids) : vectors).l2Normalize())
        const whole = concat(parts, -1)
        if (!adapter) return whole.l2Normalize()
        return mul(adapter(whole).l2Normalize(), (ids ? present.rows(ids) : present).unsqueeze(-1))
      },
    }
  })
}

/** (3), a scalar: the two items of a pair find each other among the items of other pairs. */
export function alignmentLoss(
  { of, present }: AlignedVectors,
  { first_B, second_B, weight_B }: ItemPairs,
  temperature: number,
): Tensor {
  const sameAs = (ids: Tensor): Tensor => equal(ids.reshape([-1, 1]), ids)
  // Pairs that share an item are no negatives of each other.
  const same = or(sameAs(first_B), sameAs(second_B)).cast('float32')
  const weights = mul(weight_B, mul(present.rows(first_B), present.rows(second_B)))
  const [first, second] = [of(first_B), of(second_B)]
  const options = { temperature, same, weights }
  return mul(addAll([infoNce(first, second, options), infoNce(second, first, options)]), 0.5)
}
