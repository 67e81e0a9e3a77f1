/**
 * @file Diff-MSIN's extractor (section 3.2): what a history says of a candidate by ids, by pictures and by texts, each
 * on its own.
 */
import type { Impressions } from '../../batches/impressions.ts'
import type { FeatureModality } from '../../dataset/schema.ts'
import { activationUnit, weightedSum } from '../../nn/activation-unit.ts'
import { layerNorm } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import type { Tensor } from '../../tensor/node.ts'
import { backboneOf } from '../clicks/backbones.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { catalogOnce, readsCatalog } from '../parts/catalog-once.ts'
import { embeddedFields, embeddedHistory } from '../parts/field-embeddings.ts'
import { frozenVectors, projectedVectors } from '../parts/projected-vectors.ts'
import type { DiffMsinConfig } from './config.ts'
import type { Vectors } from './vectors.ts'

/** What is extracted of a batch. */
export interface Extracted {
  /** The candidate's id embedding, [B, D]. */
  readonly target: Tensor
  /** The candidate's id embedding, picture and text, [B, ..] each. */
  readonly candidate: readonly Tensor[]
  /** How much each event counted to the behavior model, [B, L]. */
  readonly weights: Tensor
  /** E_a of eq. 2, summed over the events, [B, ..]; for the id what the behavior model says. */
  readonly pooled: Vectors
  /** The weighted events E_{a,s} of eq. 2, [B, L, ..]. */
  sequences(): Vectors
}

/** An extractor, and the widths of what it extracts. */
export interface Extractor {
  /** Width of the pooled vector of each modality, the id first. */
  readonly widths: ReadonlyMap<string, number>
  /** Width of an id embedding: of a candidate, and of an event. */
  readonly targetWidth: number
  /** Width of all that is known of a candidate. */
  readonly candidateWidth: number
  read(batch: Impressions, noise: Noise): Extracted
}

/**
 * The extractor of ids and of the pictures and texts that a catalog has; parameters `field.*`, `id.*` and those of
 * {@link modalityExtractor}.
 */
export function extractorOf(
  catalog: CatalogShape,
  modalities: readonly FeatureModality[],
  config: DiffMsinConfig,
): Extractor {
  const { embeddingSize, modalitySize } = config
  const items = embeddedFields(catalog, 'item', embeddingSize)
  const historyOf = embeddedHistory(catalog, items)
  const behavior = backboneOf(config.backbone).build('id', config, items.width)
  const extractors = modalities.map((modality) => [modality, modalityExtractor(modality, catalog, config)] as const)
  return {
    widths: new Map([['id', behavior.width], ...modalities.map((modality) => [modality, modalitySize] as const)]),
    targetWidth: items.width,
    candidateWidth: items.width + modalities.length * modalitySize,
    read(batch, noise) {
      const { item_B, history_HL, behavior_HL, mask_HL } = batch
      const [target, history] = [items.read(item_B), historyOf(history_HL, behavior_HL)]
      const { interest, weights } = behavior.read({ history, target, mask: mask_HL, noise })
      const read = extractors.map(([name, extract]) => [name, extract(batch)] as const)
      return {
        target,
        candidate: [target, ...read.map(([, of]) => of.target)],
        weights,
        pooled: new Map([['id', interest], ...read.map(([name, { pooled }]) => [name, pooled] as const)]),
        sequences: () =>
          new Map([
            ['id', history.mul(weights.unsqueeze(2))],
            ...read.map(([name, part]) => [name, part.sequence()] as const),
          ]),
      }
    },
  }
}

/** One modality of a batch. */
interface ExtractedModality {
  /**
   * Eq. 2 summed over events and layer-normalized (epsilon 0.01), [B, d_m]: a sum of fifty events is fifty times as
   * long as one.
   */
  readonly pooled: Tensor
  /** The candidate's own, [B, d_m]. */
  readonly target: Tensor
  /** The weighted events, [B, L, d_m]. */
  sequence(): Tensor
}

/** Added to a variance: what has less, as the sum of few events, stays small. */
const levelEpsilon = 0.01

/**
 * Extracts pictures or texts; parameters `MODALITY.{weight,bias,missing}`, `MODALITY.{norm,interest}.*` and
 * `MODALITY.attention.*`.
 */
function modalityExtractor(
  modality: FeatureModality,
  catalog: CatalogShape,
  { modalitySize, attentionSize, levelInterest }: DiffMsinConfig,
): (batch: Impressions) => ExtractedModality {
  const project = projectedVectors(frozenVectors(modality, catalog), modalitySize, modality)
  const norm = layerNorm(`${modality}.norm`, modalitySize)
  const level = levelInterest
    ? layerNorm(`${modality}.interest`, modalitySize, { epsilon: levelEpsilon })
    : (x: Tensor) => x
  const attend = activationUnit(`${modality}.attention`, modalitySize, [attentionSize])
  return (batch) => {
    const { history_HL, item_B, mask_HL } = batch
    const read = catalogOnce(readsCatalog(catalog, batch), (ids) => norm(project(ids)))
    const [history, target] = [read(history_HL), read(item_B)]
    const weights_BL = attend({ history, target, mask: mask_HL })
    return {
      target,
      pooled: level(weightedSum(weights_BL, history)),
      sequence: () => history.mul(weights_BL.unsqueeze(2)),
    }
  }
}
