/** @file What Diff-MSIN's extractor (section 3.2) makes of pictures or texts: vectors of events and candidates, and how much each event counts. */
import type { FeatureModality } from '../../dataset/schema.ts'
import { activationUnit, weightedSum } from '../../nn/activation-unit.ts'
import { layerNorm } from '../../nn/linear.ts'
import { mul } from '../../tensor/elementwise.ts'
import { lookup } from '../../tensor/gather.ts'
import { reshape } from '../../tensor/move.ts'
import { sizeOf, type Tensor } from '../../tensor/node.ts'
import type { ClickBatch, ClickShape } from '../contract/click-model.ts'
import { frozenVectors, projectedVectors } from '../parts/projected-vectors.ts'

/** One modality of a batch. */
export interface AttendedModality {
  /** E_a [B, d_m], eq. 2 summed over events and layer-normalized (epsilon 0.01): a sum of fifty is fifty times as long as one. */
  readonly pooled: Tensor
  /** The candidate's own, [B, d_m]. */
  readonly target: Tensor
  /** The weighted events E_{a,s}, [B, L, d_m]. */
  sequence(): Tensor
}

/** How a modality is read. */
export interface ModalitySizes {
  /** d_m: what vectors are projected to. */
  readonly modalitySize: number
  /** Width of the attention's hidden layer. */
  readonly attentionSize: number
  /** Whether the sum over events is layer-normalized. */
  readonly levelInterest: boolean
}

/** A modality's extractor; parameters `MODALITY.{weight,bias,missing}`, `MODALITY.{norm,interest}.*` and `MODALITY.attention.*`. */
export function attendedModality(
  modality: FeatureModality,
  shape: ClickShape,
  { modalitySize, attentionSize, levelInterest }: ModalitySizes,
) {
  const project = projectedVectors(frozenVectors(modality, shape), modalitySize, modality)
  const norm = layerNorm(`${modality}.norm`, modalitySize)
  const level = levelInterest ? layerNorm(`${modality}.interest`, modalitySize, 0.01) : undefined
  const attend = activationUnit(`${modality}.attention`, modalitySize, [attentionSize])
  return ({ rows, histories, history_HL, item_B, mask_HL }: ClickBatch): AttendedModality => {
    // The whole catalog is projected where a batch asks for more vectors than there are items, or once for all requests; else what is asked for.
    const every = histories === 1 || shape.itemCount + 1 < sizeOf(history_HL.shape) + rows ? norm(project()) : undefined
    const read = (ids: Tensor): Tensor => (every ? lookup(every, ids) : norm(project(ids)))
    const [history, target] = [read(history_HL), read(item_B)]
    const weights_BL = attend({ history, target, mask: mask_HL })
    const summed = weightedSum(weights_BL, history)
    return {
      target,
      pooled: level?.(summed) ?? summed,
      sequence: () => mul(history, reshape(weights_BL, [...weights_BL.shape, 1])),
    }
  }
}
