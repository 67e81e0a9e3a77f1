/** @file What SSDRec is trained by: the next item, reconstruction, and users' preferences, each without its hardest. */
import type { LastTargets } from '../../batches/extras/histories.ts'
import type { Negatives } from '../../batches/extras/negatives.ts'
import type { Sequences } from '../../batches/sequences.ts'
import type { Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import type { Losses, Pass } from '../contract/model.ts'
import type { SsdrecConfig } from './config.ts'
import type { Tables } from './relations.ts'

/** What the losses are made of. */
export interface Read {
  readonly batch: Sequences & LastTargets & Negatives
  readonly pass: Pass
  readonly user_BD: Tensor
  /** Absent where nothing is denoised. */
  readonly reconstruction_B?: Tensor
}

/** The three losses. */
export function ssdrecLosses(
  config: SsdrecConfig,
  tables: Tables,
  { batch, pass, user_BD, reconstruction_B }: Read,
): Losses {
  const { lambdaReconstruction, lambdaPreference } = config
  const { lastTargets, weight_P, negative_PN } = batch
  const weight_B = lastTargets.of(weight_P.reshape([-1, 1])).reshape([-1])
  const share = pass.scheduled('dropShare', dropShareOf(config))
  const kept_B = reconstruction_B ? easiest(reconstruction_B, weight_B, share) : weight_B
  const compared = { hidden: user_BD, table: tables.items_VD, targets: lastTargets.item_B, weights: kept_B }
  const preference = (): Tensor =>
    preferences(tables, batch, lastTargets.of(negative_PN), share.mul(-1).add(config.dropShare)).mul(weight_B).sum()
  return {
    main: { weight: 1, value: pass.catalogLoss(compared) },
    ...(reconstruction_B &&
      lambdaReconstruction > 0 && {
        reconstruction: { weight: lambdaReconstruction, value: reconstruction_B.mul(kept_B).sum() },
      }),
    ...(lambdaPreference > 0 && { preference: { weight: lambdaPreference, value: preference() } }),
  }
}

/** The share of rows that are left out falls to 0 in equal steps. */
function dropShareOf({ dropShare, curriculumEpochs }: SsdrecConfig) {
  return {
    training: (_: number, epoch: number): number => dropShare * Math.max(0, 1 - (epoch - 1) / curriculumEpochs),
    serving: 0,
  }
}

/** The weights of rows without the share of them that is reconstructed worst; they sum to 1. */
function easiest(reconstruction_B: Tensor, weight_B: Tensor, share: Tensor): Tensor {
  const [rows] = dims(weight_B, 1)
  const real_B = weight_B.greater(0).cast('float32')
  const out = floorOf(real_B.sum().mul(share))
  const worse_B = rankOf(reconstruction_B.reshape([1, rows]), real_B.reshape([1, rows])).reshape([rows])
  const kept_B = weight_B.mul(out.greater(worse_B).not().cast('float32'))
  return kept_B.div(kept_B.sum())
}

/** (13) of each row, without the share of its places that are largest: [B]. */
function preferences({ items_VD, users_UD }: Tables, batch: Sequences, negative_B1: Tensor, share: Tensor): Tensor {
  const { item_BL, mask_BL, user_B } = batch
  const [rows, length] = dims(item_BL, 2)
  const [user_BD, negative_BD] = [users_UD.rows(user_B), items_VD.rows(negative_B1.reshape([rows]))]
  const [, width] = dims(user_BD, 2)
  const likes_BL = items_VD
    .rows(item_BL)
    .matmul(user_BD.reshape([rows, width, 1]))
    .reshape([rows, length])
  const negative = user_BD.mul(negative_BD).sum([1], { keep: true })
  const each_BL = negative.sub(likes_BL).softplus()
  const out_B1 = floorOf(mask_BL.sum([1], { keep: true }).mul(share))
  const kept_BL = out_B1.greater(rankOf(each_BL, mask_BL)).not().cast('float32')
  return each_BL.mul(mask_BL).mul(kept_BL).sum([1])
}

/** How many real values of its row are larger than each: x [R, N], real [R, N] of 0 and 1. No gradient. */
function rankOf(x: Tensor, real: Tensor): Tensor {
  const [rows, count] = dims(x, 2)
  const values = x.stopGradient()
  const larger = values
    .reshape([rows, 1, count])
    .greater(values.reshape([rows, count, 1]))
    .cast('float32')
  return larger.mul(real.reshape([rows, 1, count])).sum([2])
}

/** The whole part of what is not below 0, one that float32 missed by a little included; no gradient. */
const floorOf = (x: Tensor): Tensor => x.add(1e-4).cast('int64').cast('float32')
