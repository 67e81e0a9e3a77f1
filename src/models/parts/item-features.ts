/** @file What a catalog says of an item, each thing as a vector of one width: categorical fields, pictures, texts. */
import type { FeatureModality } from '../../dataset/schema.ts'
import { normal } from '../../nn/init.ts'
import type { Layer } from '../../nn/linear.ts'
import { input, parameter, type Tensor } from '../../tensor/node.ts'
import { type CatalogShape, catalogInput } from '../contract/catalog.ts'
import { presentModalities } from './modalities.ts'
import { frozenVectors, projectedVectors } from './projected-vectors.ts'

/** One thing that a catalog says of items. */
export interface ItemFeature {
  /** Of the field or the modality. */
  readonly name: string
  /** Its vector for ids of any shape, [..] -> [.., width]; for all items, [V + 1, width], where no ids are given. */
  readonly of: (ids?: Tensor) => Tensor
}

/** Which features are read, and how. */
export interface ItemFeatureOptions {
  /** Names of categorical fields; all by default. */
  readonly fields?: readonly string[]
  /** Those that the catalog has, by default. */
  readonly modalities?: readonly FeatureModality[]
  /** Comes after the projection of pictures and texts; nothing by default. */
  readonly activation?: Layer
}

/**
 * The features of a catalog's items, fields first; parameters `field.NAME` [values, width] and
 * `MODALITY.{weight,bias,missing}`. A field's value 0, unknown, has a learned vector like any other. A model calls this
 * once, since each name is one input.
 */
export function itemFeatures(
  catalog: CatalogShape,
  width: number,
  {
    fields = Object.keys(catalog.fields),
    modalities = presentModalities(catalog),
    activation = (x) => x,
  }: ItemFeatureOptions = {},
): readonly ItemFeature[] {
  const ofFields = fields.map((name): ItemFeature => {
    const values = input(catalogInput.field(name), [catalog.itemCount + 1], 'int64')
    const table = parameter(`field.${name}`, [catalog.fields[name] as number, width], normal())
    return { name, of: (ids) => table.rows(ids ? values.rows(ids) : values) }
  })
  const ofModalities = modalities.map((name): ItemFeature => {
    const project = projectedVectors(frozenVectors(name, catalog), width, name)
    return { name, of: (ids) => activation(project(ids)) }
  })
  return [...ofFields, ...ofModalities]
}
