/** @file How a run splits its dataset, as options. */
import * as z from 'zod'
import { type ClickSplitConfig, clickSplitConfig, clickSplitDefaults } from '../dataset/click-samples.ts'
import type { Dataset } from '../dataset/schema.ts'
import { parseOptions } from '../models/contract/options.ts'
import { modelOf, predictsClicks } from '../models/registry.ts'

/** Split options; the defaults are those of `splitDataset`. */
export const splitConfig = z.strictObject({
  protocol: z
    .enum(['leave-one-out', 'time', 'given'])
    .describe('what is held out; by default given where the dataset has a split, else leave-one-out'),
  testShare: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.2)
    .describe('with protocol time: the share of target events, by time, that test'),
  validationShare: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.1)
    .describe('with protocol time: the share of target events, by time, that validate'),
})
/** See {@link splitConfig}. */
export type SplitConfig = z.infer<typeof splitConfig>
/** Split options as given: each may be left out. */
export type SplitInput = Partial<SplitConfig> | Partial<ClickSplitConfig>

/** The split options that a model's runs have. */
export function splitConfigOf(model: string): z.ZodType<SplitConfig | ClickSplitConfig> {
  return predictsClicks(modelOf(model)) ? clickSplitConfig : splitConfig
}

/** The split options of a model's run with a dataset's defaults filled in. @throws UserError `invalid` for one out of its range */
export function splitSettings(
  model: string,
  { manifest }: Pick<Dataset, 'manifest'>,
  given: SplitInput,
): SplitConfig | ClickSplitConfig {
  const defaults = predictsClicks(modelOf(model))
    ? clickSplitDefaults(manifest, given)
    : { protocol: manifest.ownSplit ? 'given' : 'leave-one-out' }
  return parseOptions('split', splitConfigOf(model), { ...defaults, ...given })
}
