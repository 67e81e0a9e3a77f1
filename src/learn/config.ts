/** @file How a model is trained: the settings every trainable model shares. */
import * as z from 'zod'

/** Settings of a training run. */
export const trainingConfig = z.strictObject({
  epochs: z.int().min(1).max(100_000).default(200).describe('at most this many passes over what is learned from'),
  patience: z
    .int()
    .min(1)
    .max(100_000)
    .default(10)
    .describe('epochs without a better validation NDCG@10, or AUC of clicks, before stopping'),
  batchSize: z.int().min(1).max(65_536).default(256).describe('windows, or samples of clicks, a step'),
  learningRate: z.number().positive().max(1).default(1e-3).describe("Adam's learning rate"),
  weightDecay: z.number().min(0).max(10).default(0).describe('decoupled weight decay'),
  seed: z.int().min(0).max(4_294_967_295).default(1).describe('seeds first values, order, dropout and noise'),
  threads: z.int().min(1).max(256).default(2).describe('threads of the runtime; part of what makes two runs the same'),
})
/** See {@link trainingConfig}. */
export type TrainingConfig = z.infer<typeof trainingConfig>
