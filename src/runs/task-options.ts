/** @file The options that runs of each kind of model have: what a command can tell without loading a runtime. */
import type * as z from 'zod'
import { type ClickSplitConfig, clickSplitConfig, clickSplitDefaults } from '../dataset/click-samples.ts'
import { questionOf } from '../dataset/questions.ts'
import type { Dataset } from '../dataset/schema.ts'
import { clickTrainingConfig, trainingConfig } from '../learn/config.ts'
import { type ClickFigure, printedFigure, type RankFigure, validationMetric } from '../metrics/table.ts'
import { parseOptions } from '../models/contract/options.ts'
import { modelOf } from '../models/registry.ts'
import type { Run } from './run-settings.ts'
import { type SplitConfig, type SplitInput, splitConfig } from './split-config.ts'

/** The options of a kind of model. */
export interface TaskOptions {
  /** What training is stopped by and options are chosen by. */
  readonly metric: RankFigure | ClickFigure
  /** The options of training; undefined for models that are fitted by counting. */
  readonly training: typeof trainingConfig | typeof clickTrainingConfig | undefined
  readonly split: z.ZodType<SplitConfig | ClickSplitConfig>
  /** The split options that a dataset's runs have where the given ones leave them open. */
  splitDefaults(dataset: Pick<Dataset, 'manifest'>, given: SplitInput): SplitInput
}

const ranking = {
  metric: validationMetric.ranks,
  split: splitConfig,
  splitDefaults: ({ manifest }, given) => ({
    protocol: manifest.ownSplit ? 'given' : 'leave-one-out',
    ...('question' in given ? {} : questionOf(manifest)),
  }),
} as const satisfies Omit<TaskOptions, 'training'>

const options = {
  'next-item': { ...ranking, training: trainingConfig },
  counting: { ...ranking, training: undefined },
  clicks: {
    metric: validationMetric.clicks,
    training: clickTrainingConfig,
    split: clickSplitConfig,
    splitDefaults: ({ manifest }, given) => clickSplitDefaults(manifest, given),
  },
} as const satisfies Readonly<Record<string, TaskOptions>>

/** The options of a model's runs. @throws UserError `unknown` for a slug that no model has */
export const taskOptions = (slug: string): TaskOptions => options[modelOf(slug).task]

/** What a model is validated by, as it is printed: `NDCG@10`. */
export const printedMetric = (slug: string): string => printedFigure(taskOptions(slug).metric)

/**
 * The split options of a model's run with a dataset's defaults filled in.
 * @throws UserError `invalid` for one out of its range
 */
export function splitSettings(model: string, dataset: Pick<Dataset, 'manifest'>, given: SplitInput): Run['split'] {
  const options = taskOptions(model)
  return parseOptions('split', options.split, { ...options.splitDefaults(dataset, given), ...given })
}
