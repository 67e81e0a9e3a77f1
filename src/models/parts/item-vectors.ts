/**
 * @file An item as vectors of one width, which models of clicks fuse: its id with its categorical fields, its picture
 * and its text.
 */
import type { Impressions } from '../../batches/impressions.ts'
import type { Modality } from '../../dataset/schema.ts'
import { linear } from '../../nn/linear.ts'
import { concat } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { catalogOnce, readsCatalog } from './catalog-once.ts'
import { categoricalFields, fieldsInBatch } from './field-embeddings.ts'
import { presentModalities } from './modalities.ts'
import { frozenVectors, projectedVectors } from './projected-vectors.ts'

/** One vector a modality, by indices of any shape: [..] -> [.., D] each; of all items [V + 1, D] without indices. */
export type VectorsOfItems = (ids?: Tensor) => readonly Tensor[]

/** The vectors that a catalog's items have. */
export interface ItemVectors {
  /** The modality of each: the id, then those that the catalog has vectors of, pictures before texts. */
  readonly names: readonly Modality[]
  /** The vectors as a batch reads them; candidates and histories share every table and projection. */
  in(batch: Impressions): VectorsOfItems
}

/** The widths of vectors. */
interface ItemVectorSizes {
  /** Width of each id field's embedding. */
  readonly embeddingSize: number
  /** D */
  readonly modalitySize: number
}

/**
 * The id x W + b, x its fields side by side, and each modality's projection, a learned row standing in for a missing
 * vector (R-M1); parameters `field.item.*`, `id.{weight,bias}` and `MODALITY.{weight,bias,missing}`.
 */
export function itemVectors(catalog: CatalogShape, { embeddingSize, modalitySize }: ItemVectorSizes): ItemVectors {
  const fields = categoricalFields(catalog, 'item', embeddingSize)
  const toId = linear('id', [fields.tables.length * embeddingSize, modalitySize])
  const modalities = presentModalities(catalog)
  const projections = modalities.map((name) => projectedVectors(frozenVectors(name, catalog), modalitySize, name))
  return {
    names: ['id', ...modalities],
    in(batch) {
      const whole = readsCatalog(catalog, batch)
      const projected = projections.map((project) => catalogOnce(whole, project))
      const embedded = fieldsInBatch(fields, catalog, batch)
      return (ids) => [toId(concat(embedded(ids), -1)), ...projected.map((of) => of(ids))]
    },
  }
}
