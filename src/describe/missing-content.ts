/** @file A warning for models that read pictures and texts, on a dataset without any. */
import type { Dataset } from '../dataset/schema.ts'
import type { ModelEntry } from '../models/registry.ts'

/** One line; nothing where the model does not need them, or an item has a vector. */
export function missingContent(model: ModelEntry, { manifest, features }: Dataset): string[] {
  const left = 'withoutContent' in model ? model.withoutContent : undefined
  const present = Object.values(features).some((table) => table.present.includes(1))
  if (left === undefined || present) return []
  const reads = 'prepare with titles and --encoder local, --images or --text-features to give it more'
  return [`warning: no item of ${manifest.name} has a picture or a text, so ${model.slug} ${left}; ${reads}`]
}
