/** @file The options of SGDL. */
import * as z from 'zod'
import { flag, hiddenSize, maxLength, temperature } from '../../parts/options.ts'

/** A learning rate of what is learned beside the backbone. */
const rate = (value: number, what: string) => z.number().positive().max(1).default(value).describe(what)

/** Every option, with its range and default. */
export const config = z.strictObject({
  hiddenSize: hiddenSize.describe('width of the vectors of users and items (D)'),
  maxLength: maxLength.describe('how many of the last items of somebody who was never trained on are read'),
  pairs: z
    .enum(['all', 'target'])
    .default('all')
    .describe('which events make the pairs that are trained on: all, or those of the target behavior'),
  backbone: z
    .enum(['lightgcn', 'mf'])
    .default('lightgcn')
    .describe('what gives users and items their vectors: lightgcn averages them over the graph of pairs, mf does not'),
  layers: z.int().min(1).max(6).default(3).describe('layers of lightgcn: how far vectors travel along the graph'),
  ringEpochs: z
    .int()
    .min(1)
    .max(24)
    .default(10)
    .describe('last epochs of which at least half must know a pair for it to be clean (h)'),
  memorizationEpochs: z
    .int()
    .min(1)
    .max(100_000)
    .default(100)
    .describe('most epochs of the first phase, which ends as soon as as many pairs are known as seem to be clean'),
  memorizationRate: z
    .number()
    .positive()
    .max(10)
    .default(0.2)
    .describe('learning rate of the first phase, as a multiple of the second one’s'),
  virtualRate: rate(5e-4, 'length of the step that a weighting is tried with, as a learning rate (eta)'),
  weightRate: rate(5e-4, 'learning rate of the network that weighs pairs'),
  schedulerRate: rate(5e-3, 'learning rate of the network that chooses clean pairs'),
  temperature: temperature(1, 'temperature of the choice of clean pairs (tau)'),
  resetEachEpoch: flag(
    'begin every epoch of the second phase with a new scheduler and optimizers that remember nothing, as the published code does',
  ),
  scheduler: z
    .enum(['gumbel', 'reinforce', 'uniform'])
    .default('gumbel')
    .describe(
      'how clean pairs are chosen: gumbel learns to choose by gradients through the choice, reinforce by rewards; uniform takes all alike',
    ),
  weights: z
    .enum(['learned', 'one'])
    .default('learned')
    .describe('what weighs pairs in the second phase: a learned network, or one for the backbone alone'),
  clean: z
    .enum(['memorized', 'all'])
    .default('memorized')
    .describe('which pairs the weights are learned from: those that were memorized early, or all'),
})

/** See {@link config}. */
export type Config = z.infer<typeof config>
