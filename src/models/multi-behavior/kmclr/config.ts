/** @file The options of KMCLR. */
import * as z from 'zod'
import { fieldNames } from '../../parts/chosen-fields.ts'
import { dropout, flag, hiddenSize, lossWeight, maxLength, temperature } from '../../parts/options.ts'

const share = (value: number, what: string) => z.number().min(0).max(1).default(value).describe(what)

/** Hyper-parameters of KMCLR; defaults are those of the published code. */
export const kmclrConfig = z.strictObject({
  hiddenSize: hiddenSize.default(32).describe('width of the vectors of users, items and entities (D)'),
  maxLength: maxLength.describe('how many of the last items of somebody who was never trained on are read'),
  layers: z.int().min(1).max(6).default(3).describe('how many steps along the graphs users and items are read from'),
  aggregate: z
    .enum(['sum', 'symmetric', 'mean'])
    .default('sum')
    .describe(
      "what a user or item reads along a behavior's graph: the sum over neighbors, as published; symmetric divides each by the roots of both numbers of neighbors, mean by the reader's",
    ),
  passes: z
    .enum(['turns', 'joint'])
    .default('turns')
    .describe(
      'turns: an epoch is four passes in turn, as published; joint: one loss a step, and one learning rate for all',
    ),
  fields: fieldNames,
  knowledgeShare: share(0.1, 'share of the knowledge side in the vectors that rank; the rest is the behaviors’'),
  dropout: dropout.default(0.4).describe('share of entities, their weights and items set to 0 while training'),
  edgeDropout: dropout
    .default(0.3)
    .describe('share of edges that a step of the knowledge side leaves out of the target graph'),
  entityDropout: share(0.5, 'share of the entities of each item that a view leaves out'),
  leastKept: share(0.6, 'how likely a view keeps an edge at least; the steadiest and likeliest edge it always keeps'),
  temperature: temperature(0.2, 'temperature of the contrast between the two views'),
  lambdaViews: lossWeight(0.1, 'weight of the contrast between the two views'),
  lambdaBehaviors: lossWeight(0.005, "weight of the contrast of a user's target behavior with each behavior"),
  rateRise: z
    .number()
    .min(1)
    .max(100)
    .default(5)
    .describe(
      'how many times the learning rate the rate of the behavior side rises to, over 5 epochs, before it falls for 10',
    ),
  withoutKnowledge: flag('rank by the behavior side alone'),
  withoutAuxiliary: flag('read the graph of the target behavior alone'),
})

/** See {@link kmclrConfig}. */
export type KmclrConfig = z.infer<typeof kmclrConfig>
