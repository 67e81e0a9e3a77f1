/** @file What models read of the catalog at every step: feature vectors and field values, bound once and never copied. */
import type { Dataset, FeatureModality } from '../../dataset/schema.ts'
import type { CatalogShape, NextItemModel } from './model.ts'

/** Names of the inputs that hold frozen item data. */
export const frozenInput = {
  /** Feature vectors [items + 1, width], float32. */
  vectors: (modality: FeatureModality): string => `item.${modality}`,
  /** 1 where an item has a vector, [items + 1], float32. */
  present: (modality: FeatureModality): string => `item.${modality}.present`,
  /** Value index of a categorical field, [items + 1], int64. */
  field: (name: string): string => `item.field.${name}`,
} as const

/** Buffers by input name. */
export type FrozenInputs = Readonly<Record<string, Float32Array | BigInt64Array>>

/** The frozen inputs of a dataset, and what a model brings of its own. */
export function frozenInputs(
  { features, catalog }: Dataset,
  { frozen = {} }: Pick<NextItemModel, 'frozen'> = {},
): FrozenInputs {
  const fields = Object.entries(catalog.fields).map(
    ([name, { values }]) => [frozenInput.field(name), BigInt64Array.from(values, BigInt)] as const,
  )
  return { ...frozen, ...frozenFeatures(features), ...Object.fromEntries(fields) }
}

/** The vectors of a dataset's items, and which items have them. */
export function frozenFeatures(features: Dataset['features']): FrozenInputs {
  const inputs: Record<string, Float32Array | BigInt64Array> = {}
  for (const [modality, table] of Object.entries(features) as [
    FeatureModality,
    { vectors: Float32Array; present: Uint8Array },
  ][]) {
    inputs[frozenInput.vectors(modality)] = table.vectors
    inputs[frozenInput.present(modality)] = Float32Array.from(table.present)
  }
  return inputs
}

/** The sizes and names of a dataset, which is all that building a model may read. */
export function catalogShape({ manifest, catalog, userIds, features }: Dataset): CatalogShape {
  const widths = Object.entries(features).map(([modality, { width }]) => [modality, width] as const)
  return {
    itemCount: catalog.ids.length - 1,
    userCount: userIds.length - 1,
    behaviors: manifest.behaviors,
    target: manifest.behaviors.indexOf(manifest.target),
    fields: Object.fromEntries(
      Object.entries(catalog.fields).map(([name, { vocabulary }]) => [name, vocabulary.length]),
    ),
    features: Object.fromEntries(widths),
  }
}
