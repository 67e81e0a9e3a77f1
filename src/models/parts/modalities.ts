/** @file The frozen modalities of a catalog: pictures, texts, both, or none. */
import type { FeatureModality } from '../../dataset/schema.ts'
import type { CatalogShape } from '../contract/catalog.ts'

/** The modalities whose vectors a catalog has, pictures before texts. */
export function presentModalities({ features }: Pick<CatalogShape, 'features'>): readonly FeatureModality[] {
  return (['image', 'text'] as const).filter((modality) => features[modality] !== undefined)
}
