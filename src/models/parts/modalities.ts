/** @file The frozen modalities of a catalog: pictures, texts, both, or none. */
import type { FeatureModality } from '../../dataset/schema.ts'

/** What has vectors of some modalities: a dataset, or its shape. */
export interface Featured {
  readonly features: Readonly<Partial<Record<FeatureModality, unknown>>>
}

/** The modalities whose vectors a catalog has, pictures before texts. */
export function presentModalities({ features }: Featured): readonly FeatureModality[] {
  return (['image', 'text'] as const).filter((modality) => features[modality] !== undefined)
}
