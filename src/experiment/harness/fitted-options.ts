/**
 * @file Variants trained as `siftrec train` trains without options: what they leave open is fitted to the data before a
 * cell is named, so that a key says all that determines its figures and equal settings are one cell.
 */
import { loadDataset } from '../../dataset/load.ts'
import { fittingSettings } from '../../runs/fitting-settings.ts'
import { splitSettings } from '../../runs/task-options.ts'
import { taskOf } from '../../runs/tasks.ts'
import type { Comparison, DatasetChoice, Variant } from '../experiment.ts'
import { mergedOptions } from './check-comparison.ts'
import type { PreparedDataset } from './dataset-recipe.ts'

/**
 * A comparison with the open options of its variants that want `defaults` written out.
 * @param datasetOf the prepared dataset of a choice
 */
export async function withFittedOptions<Whole extends Comparison>(
  comparison: Whole,
  datasetOf: (choice: DatasetChoice) => PreparedDataset,
): Promise<Whole> {
  const variants: Variant[] = []
  for (const variant of comparison.variants) {
    if (!variant.defaults) {
      variants.push(variant)
      continue
    }
    const dataset = await loadDataset(datasetOf(variant.dataset ?? comparison.dataset).folder)
    const split = splitSettings(variant.model, dataset, variant.split ?? comparison.split ?? {})
    const fitting = fittingSettings(variant.model, taskOf(variant.model).split(dataset, split))
    variants.push({ ...variant, ...mergedOptions(fitting, variant) })
  }
  return { ...comparison, variants }
}
