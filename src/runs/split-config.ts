/** @file The options of how a run splits its dataset. */
import * as z from 'zod'
import type { ClickSplitConfig } from '../dataset/click-samples.ts'

/** Split options; the defaults are those of `splitDataset`. */
export const splitConfig = z.strictObject({
  protocol: z
    .enum(['leave-one-out', 'time', 'given'])
    .describe(
      'which events are held out for validation and test; by default given if the dataset has its own split, otherwise leave-one-out',
    ),
  question: z
    .enum(['funnel', 'discovery'])
    .optional()
    .describe(
      'funnel: which item is chosen, of all that were looked at too; discovery: which item that was not touched before this visit; by default what prepare chose',
    ),
  idleMinutes: z
    .number()
    .gt(0)
    .max(100_000)
    .optional()
    .describe('with --question discovery: so many minutes without an event end a visit; by default 30'),
  testShare: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.2)
    .describe('with --split time: the last share of the target events, by time, is the test set'),
  validationShare: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.1)
    .describe('with --split time: the share of the target events just before the test set that validates'),
})
/** See {@link splitConfig}. */
export type SplitConfig = z.infer<typeof splitConfig>
/** Split options as a user sets them: each may be left out. */
export type SplitInput = Partial<SplitConfig> | Partial<ClickSplitConfig>
