/** @file The training options that every trainable model shares. */
import * as z from 'zod'

/** Settings of a training run. */
export const trainingConfig = z.strictObject({
  epochs: z.int().min(1).max(100_000).default(200).describe('most passes over the training data'),
  patience: z
    .int()
    .min(1)
    .max(100_000)
    .default(10)
    .describe('stop after this many epochs without a better validation NDCG@10 (log loss for models of clicks)'),
  batchSize: z
    .int()
    .min(1)
    .max(65_536)
    .default(256)
    .describe('windows in one step; for models of clicks samples, for those of pairs pairs'),
  learningRate: z.number().positive().max(1).default(1e-3).describe('learning rate of Adam'),
  weightDecay: z
    .number()
    .min(0)
    .max(10)
    .default(0)
    .describe('weight decay of Adam, decoupled from the gradient (AdamW); 0 is none'),
  seed: z
    .int()
    .min(0)
    .max(4_294_967_295)
    .default(1)
    .describe('seed of initial values, order of the data, dropout and noise'),
  threads: z
    .int()
    .min(1)
    .max(256)
    .default(2)
    .describe('CPU threads; runs are the same to the byte only with the same number'),
})

const embeddingRegularization = z
  .number()
  .min(0)
  .max(1)
  .describe('L2 penalty on embeddings: so many times each row that a step looks up is added to its gradient; 0 is none')

const unknownShare = z
  .number()
  .min(0)
  .max(0.95)
  .describe(
    'share of the users whose id is read as unknown in a training step, drawn anew for each step: it teaches the model what to say of users it never met; 0 is none',
  )

/** Settings of a training of a model of clicks. */
export const clickTrainingConfig = trainingConfig.extend({
  embeddingRegularization: embeddingRegularization.default(0.03),
  unknownShare: unknownShare.default(0),
})

/** Settings of any training, as a run stores them: options that others have, or that came later, are left out. */
export const storedTrainingConfig = trainingConfig.extend({
  embeddingRegularization: embeddingRegularization.optional(),
  unknownShare: unknownShare.optional(),
})
/** See {@link storedTrainingConfig}. */
export type TrainingConfig = z.infer<typeof storedTrainingConfig>
