/** @file Models that are nothing without pictures or texts, refused before a run is begun. */
import type { Dataset } from '../dataset/schema.ts'
import { noneNeeded } from '../models/parts/needed-modalities.ts'
import type { ModelEntry } from '../models/registry.ts'

/**
 * Also where there are columns for vectors, and no item has any.
 * @throws UserError `missing`
 */
export function refuseWithoutContent(model: ModelEntry, options: unknown, { features }: Dataset): void {
  const needed = 'needs' in model ? (model.needs?.(options) ?? []) : []
  if (needed.length === 0 || needed.some((modality) => features[modality]?.present.includes(1))) return
  throw noneNeeded(model.slug, needed)
}
