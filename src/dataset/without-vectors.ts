/** @file A dataset in which no item has a vector of some modalities. */
import type { Dataset, FeatureModality, FeatureTable } from './schema.ts'

/** The dataset with no vector of some modalities: what models do for a missing one they then do for all items. */
export function withoutVectors(dataset: Dataset, modalities: readonly FeatureModality[]): Dataset {
  const features = Object.entries(dataset.features).map(([modality, table]) => [
    modality,
    modalities.includes(modality as FeatureModality) ? missingVectors(table) : table,
  ])
  return { ...dataset, features: Object.fromEntries(features) as Dataset['features'] }
}

/** A table of the same size in which every vector is missing. */
export const missingVectors = ({ width, vectors, present }: FeatureTable): FeatureTable => ({
  width,
  vectors: new Float32Array(vectors.length),
  present: new Uint8Array(present.length),
})
