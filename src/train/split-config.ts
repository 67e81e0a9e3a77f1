/** @file How a run splits its dataset, as options. */
import * as z from 'zod'
import type { Dataset } from '../data/schema.ts'
import { parseOptions } from '../models/options.ts'

/** Split options; the defaults are those of `splitDataset`. */
export const splitConfig = z.strictObject({
  protocol: z
    .enum(['leave-one-out', 'time', 'given'])
    .describe('what is held out; by default given where the dataset has a split, else leave-one-out'),
  testShare: z.number().gt(0).lt(1).default(0.2).describe('with protocol time: the share of target events, by time, that test'),
  validationShare: z.number().gt(0).lt(1).default(0.1).describe('with protocol time: the share of target events, by time, that validate'),
})
/** See {@link splitConfig}. */
export type SplitConfig = z.infer<typeof splitConfig>
/** Split options as given: each may be left out. */
export type SplitInput = Partial<SplitConfig>

/** The split options with a dataset's defaults filled in. @throws UserError `invalid` for one out of its range */
export function splitSettings({ manifest }: Pick<Dataset, 'manifest'>, given: SplitInput): SplitConfig {
  return parseOptions('split', splitConfig, { protocol: manifest.ownSplit ? 'given' : 'leave-one-out', ...given })
}
