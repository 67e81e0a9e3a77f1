/** @file The options of MAKE. */
import * as z from 'zod'
import { attentionSize, embeddingSize, outputOptions } from '../../parts/click-options.ts'
import { flag, lossWeight, maxEvents } from '../../parts/options.ts'
import { modalitySize } from '../fusion-options.ts'

/** See {@link MakeConfig}. */
export const config = z.strictObject({
  embeddingSize,
  modalitySize: modalitySize(64).describe('width of the content of an item in the extractor (D)'),
  extractorSize: z
    .int()
    .min(1)
    .max(1024)
    .default(64)
    .describe("width of the first hidden layer of the extractor's network; the second has half of it"),
  tiers: z
    .int()
    .min(0)
    .max(1000)
    .default(20)
    .describe('how many tiers the cosines of a history to the candidate are counted in (N); 0 counts none'),
  lowest: z
    .number()
    .min(-1)
    .max(0.99)
    .default(-1)
    .describe('where the tiers begin; the first one has what lies below it too, and the last one ends at 1'),
  tierValues: z
    .enum(['log', 'count'])
    .default('log')
    .describe('what is read of a tier: the logarithm of 1 + its count, times a learned weight, or the count'),
  inject: z
    .enum(['input', 'matched'])
    .default('input')
    .describe(
      "where what the extractor found joins the output network: all at its input; or its sum of events there, its hidden values beside the network's, and its logit added to the network's",
    ),
  schedule: z
    .enum(['stages', 'beside', 'coupled'])
    .default('stages')
    .describe(
      'when the extractor learns: stages trains it alone first and then everything; beside trains all at once, the extractor by its own loss alone; coupled trains all at once by the sum of both losses',
    ),
  extractorEpochs: z
    .int()
    .min(1)
    .max(1000)
    .default(5)
    .describe('with the schedule stages: how many epochs the extractor learns alone'),
  frozenExtractor: flag('with the schedule stages: leave the extractor as its own stage left it'),
  extractorWeight: lossWeight(1, "with the other schedules: weight of the extractor's own loss"),
  extractorRate: z
    .number()
    .min(0.01)
    .max(100)
    .default(3)
    .describe('with the other schedules: learning rate of the extractor, as a multiple of the rate of everything else'),
  attentionSize: attentionSize.describe(
    'width of the first hidden layer in each of the units that weigh events; the second has half of it',
  ),
  ...outputOptions,
  maxLength: maxEvents,
})
/** The options of MAKE. */
export type MakeConfig = z.infer<typeof config>
