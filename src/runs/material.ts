/** @file What a run learns from and is judged by: a dataset split into targets of the next item, or into samples of clicks. */
import { type ClickSamples, type ClickSplitConfig, clickSamples } from '../dataset/click-samples.ts'
import type { Dataset, Split } from '../dataset/schema.ts'
import { splitDataset } from '../dataset/splits.ts'
import { modelOf, predictsClicks } from '../models/registry.ts'
import type { Run } from './run-file.ts'
import type { SplitConfig } from './split-config.ts'

/** Of a run that ranks the next item. */
export interface NextItemMaterial {
  readonly dataset: Dataset
  readonly split: Split
}
/** Of a run that predicts clicks. */
export interface ClickMaterial {
  readonly dataset: Dataset
  readonly samples: ClickSamples
}
/** See {@link NextItemMaterial} and {@link ClickMaterial}. */
export type Material = NextItemMaterial | ClickMaterial

/** The material of a run. @throws UserError as `splitDataset` and `clickSamples` */
export function materialOf({ model, split }: Pick<Run, 'model' | 'split'>, dataset: Dataset): Material {
  // A run's split options are those of its model's task: `describeRun` and `readRun` see to it.
  if (predictsClicks(modelOf(model))) return { dataset, samples: clickSamples(dataset, split as ClickSplitConfig) }
  return { dataset, split: splitDataset(dataset, split as SplitConfig) }
}
