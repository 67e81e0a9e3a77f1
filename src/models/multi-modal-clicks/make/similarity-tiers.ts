/** @file SimTier: how many events of a history are how similar to the candidate, counted in tiers of cosines. */
import type { Impressions } from '../../../batches/impressions.ts'
import { filled } from '../../../nn/init.ts'
import { add, log, mul, sub } from '../../../tensor/elementwise.ts'
import { matmul } from '../../../tensor/linear.ts'
import { concat } from '../../../tensor/move.ts'
import { constant, parameter, type Tensor } from '../../../tensor/node.ts'
import { dims } from '../../../tensor/shape.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import { catalogOnce, readsCatalog } from '../../parts/catalog-once.ts'
import type { FrozenVectors } from '../../parts/projected-vectors.ts'
import type { MakeConfig } from './config.ts'

/** What is counted, and how it is read. */
type TierSettings = Pick<MakeConfig, 'tiers' | 'lowest' | 'tierValues'>

/** The tiers of a modality. */
export interface SimilarityTiers {
  /** N + 1 */
  readonly width: number
  /** (1-3): the tiers, then 1 where the candidate has a vector, [B, N + 1]. */
  read(batch: Impressions): Tensor
}

/** Parameter `tiers.MODALITY.weight` [N], where logarithms are read. */
export function similarityTiers(
  catalog: Pick<CatalogShape, 'itemCount'>,
  { modality, vectors, present }: FrozenVectors,
  settings: TierSettings,
): SimilarityTiers {
  const { tiers, tierValues } = settings
  const weight = tierValues === 'log' ? parameter(`tiers.${modality}.weight`, [tiers], filled(1)) : undefined
  return {
    width: tiers + 1,
    read(batch) {
      const { item_B, history_HL, mask_HL, rows } = batch
      const unit = catalogOnce(readsCatalog(catalog, batch), (ids) => (ids ? vectors.rows(ids) : vectors).l2Normalize())
      const has_B1 = present.rows(item_B).reshape([rows, 1])
      // What has no vector is similar to nothing.
      const counts_BL = mul(mul(mask_HL, present.rows(history_HL)), has_B1)
      const count_BN = tierCounts(cosines(unit(item_B), unit(history_HL)), counts_BL, settings)
      const read_BN = weight ? mul(log(add(count_BN, 1)), weight) : count_BN
      return concat([read_BN, has_B1], 1)
    },
  }
}

/** Products of each candidate [B, W] with the events of its history, [H, L, W] -> [B, L]. */
function cosines(candidate_BW: Tensor, event_HLW: Tensor): Tensor {
  const [histories, length, width] = dims(event_HLW, 3)
  const [rows] = dims(candidate_BW, 2)
  if (histories === 1) return matmul(candidate_BW, event_HLW.reshape([length, width]), { transposeB: true })
  return matmul(event_HLW, candidate_BW.reshape([rows, width, 1])).reshape([rows, length])
}

/**
 * How many events lie in each tier, [B, N]. Tier k is above lowest + k (1 - lowest) / N and not above the next edge;
 * the first one begins below all cosines, and the last one has what rounding put above 1.
 * @param counts_BL 1 for events that are counted, else 0
 */
export function tierCounts(
  cosine_BL: Tensor,
  counts_BL: Tensor,
  { tiers, lowest }: Pick<TierSettings, 'tiers' | 'lowest'>,
): Tensor {
  const [rows] = dims(cosine_BL, 2)
  const edges = Float32Array.from({ length: tiers }, (_, k) => (k === 0 ? -2 : lowest + (k * (1 - lowest)) / tiers))
  const above_BLN = cosine_BL
    .unsqueeze(2)
    .greater(constant(edges, [tiers]))
    .cast('float32')
  const above_BN = mul(above_BLN, counts_BL.unsqueeze(2)).sum([1])
  const beyond_B1 = constant(new Float32Array(rows), [rows, 1])
  return sub(above_BN, concat([above_BN, beyond_B1], 1).slice(1, 1, tiers + 1))
}
