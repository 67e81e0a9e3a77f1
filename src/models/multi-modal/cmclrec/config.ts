/** @file The options of CMCLRec. */
import * as z from 'zod'
import { fieldSize, flag, headsDivide, lossWeight, sequenceOptions, temperature } from '../../parts/options.ts'

/** Every option, with its range and default. */
export const config = z
  .strictObject({
    ...sequenceOptions,
    profile: z
      .enum(['fields', 'content'])
      .default('fields')
      .describe(
        "what is known of a new user: fields and numbers of the user, or pictures and texts of the user's first items; where users have neither field nor number it is content",
      ),
    contentEvents: z.int().min(1).max(50).default(3).describe('first items that a content profile is made of (c)'),
    fieldSize: fieldSize.describe('width of the embedding of each field of users'),
    temperature: temperature(0.1, 'temperature of the contrast of features and histories'),
    lambdaMap: lossWeight(1, 'weight of the loss that lands mapped features where histories are'),
    warmEvents: z
      .int()
      .min(1)
      .max(10_000)
      .default(5)
      .describe('training events from which on a user is warm, and the mapping is learned from them'),
    simulated: z.int().min(1).max(100).default(10).describe('items of a simulated history (n)'),
    generate: z
      .enum(['items', 'neighbors'])
      .default('items')
      .describe('what is simulated: the items nearest to the mapped features, or those of the nearest warm users'),
    neighbors: z.int().min(1).max(1000).default(20).describe('warm users that neighbors are taken of'),
    coldEvents: z.int().min(0).max(1000).default(10).describe('a user with more events gets no simulated history'),
    minimumCount: z.int().min(1).max(100_000).default(5).describe('training events of an item that may be simulated'),
    mappingEpochs: z.int().min(1).max(10_000).default(100).describe('most epochs in which the mapping is learned'),
    adapt: flag('train the backbone on with some histories cut short and simulated items before them'),
    withoutMapping: flag('simulate nothing: the backbone alone'),
    withoutContrast: flag('learn the mapping by landing alone'),
  })
  .refine(...headsDivide('hiddenSize'))
  .refine(({ generate, withoutContrast }) => generate === 'items' || !withoutContrast, {
    path: ['generate'],
    message: 'is items where withoutContrast is set: neighbors are found by the contrast',
  })

/** See {@link config}. */
export type Config = z.infer<typeof config>
