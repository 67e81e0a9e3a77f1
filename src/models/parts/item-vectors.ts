/**
 * @file An item as vectors of one width, which models of clicks fuse: its id with its categorical fields, its picture
 * and its text.
 */
import type { Impressions } from '../../batches/impressions.ts'
import type { FeatureModality, Modality } from '../../dataset/schema.ts'
import { linear } from '../../nn/linear.ts'
import { concat } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { catalogOnce, type OfItems, readsCatalog } from './catalog-once.ts'
import { categoricalFields, fieldsInBatch } from './field-embeddings.ts'
import { presentModalities } from './modalities.ts'
import { frozenVectors, projectedVectors } from './projected-vectors.ts'

/** One vector a modality, by indices of any shape: [..] -> [.., D] each; of all items [V + 1, D] without indices. */
export type VectorsOfItems = (ids?: Tensor) => readonly Tensor[]

/** The vectors that a catalog's items have. */
export interface ItemVectors {
  /** The modality of each: the id, then those that the catalog has vectors of, pictures before texts. */
  readonly names: readonly Modality[]
  /** For each 1 where an item has it, [V + 1]; undefined of the id, which every item has. */
  readonly present: readonly (Tensor | undefined)[]
  /** The vectors as a batch reads them; candidates and histories share every table and projection. */
  in(batch: Impressions): VectorsOfItems
}

/** The pictures and texts that a catalog's items have, each projected. */
interface ModalityVectors {
  readonly names: readonly FeatureModality[]
  /** For each 1 where an item has it, [V + 1]. */
  readonly present: readonly Tensor[]
  /** Each as a batch reads it. */
  in(batch: Impressions): readonly OfItems[]
}

/** The widths of vectors. */
interface ItemVectorSizes {
  /** Width of each id field's embedding. */
  readonly embeddingSize: number
  /** D */
  readonly modalitySize: number
}

/**
 * The pictures and texts that a catalog has vectors of, each through its projection, pictures first; parameters
 * `MODALITY.{weight,bias,missing}`.
 * @param width of what is projected to
 */
export function modalityVectors(catalog: CatalogShape, width: number): ModalityVectors {
  const names = presentModalities(catalog)
  const frozen = names.map((name) => frozenVectors(name, catalog))
  const projections = frozen.map((vectors) => projectedVectors(vectors, width, vectors.modality))
  return {
    names,
    present: frozen.map(({ present }) => present),
    in(batch) {
      const whole = readsCatalog(catalog, batch)
      return projections.map((project) => catalogOnce(whole, project))
    },
  }
}

/**
 * The id x W + b, x its fields side by side, and each modality's projection, a learned row standing in for a missing
 * vector (R-M1); parameters `field.item.*`, `id.{weight,bias}` and `MODALITY.{weight,bias,missing}`.
 */
export function itemVectors(catalog: CatalogShape, { embeddingSize, modalitySize }: ItemVectorSizes): ItemVectors {
  const fields = categoricalFields(catalog, 'item', embeddingSize)
  const toId = linear('id', [fields.tables.length * embeddingSize, modalitySize])
  const modalities = modalityVectors(catalog, modalitySize)
  return {
    names: ['id', ...modalities.names],
    present: [undefined, ...modalities.present],
    in(batch) {
      const projected = modalities.in(batch)
      const embedded = fieldsInBatch(fields, catalog, batch)
      return (ids) => [toId(concat(embedded(ids), -1)), ...projected.map((of) => of(ids))]
    },
  }
}
