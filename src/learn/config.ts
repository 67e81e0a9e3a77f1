/** @file The training options that every trainable model shares. */
import * as z from 'zod'

/**
 * How a model that has an item table is trained by it. They are optional, so that runs of the full softmax are stored
 * as they were before there was another; see {@link lossDefaults}.
 */
const lossOptions = {
  catalogLoss: z
    .enum(['full', 'sampled', 'gbce', 'sce'])
    .optional()
    .describe(
      'what a target is compared with: the whole catalog (full, unless another is named), drawn items (sampled: softmax; gbce: yes or no for each), or the items that score highest beside it (sce)',
    ),
  drawnItems: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('for sampled and gbce: items drawn in each step, which all its targets share; 1024 if not given'),
  drawnFrom: z
    .enum(['uniform', 'popularity', 'mixed'])
    .optional()
    .describe(
      'for sampled: where the drawn items come from: each equally likely (uniform, if not given), as often as it has events (popularity), or uniform, beside as many targets of the same step (mixed)',
    ),
  calibration: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      'for gbce: how much of the overconfidence that drawing few items makes is undone, from 0 (plain binary cross-entropy) to 1 (all of it); 0.75 if not given',
    ),
  buckets: z
    .int()
    .min(1)
    .max(65_536)
    .optional()
    .describe(
      'for sce: groups of like users and items, drawn in each step; twice the root of its targets if not given',
    ),
  bucketItems: z.int().min(1).max(1_000_000).optional().describe('for sce: items in each of them; 256 if not given'),
}

/** What the options of losses are where they are not given. */
export const lossDefaults = {
  catalogLoss: 'full',
  drawnItems: 1024,
  drawnFrom: 'uniform',
  calibration: 0.75,
  bucketItems: 256,
} as const

/** What every training has. */
const shared = {
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
  // Without a default: options that say nothing of it are those of runs from before it.
  device: z
    .enum(['cpu', 'cuda', 'webgpu'])
    .optional()
    .describe('what training computes on: cpu, also when this is left out; cuda or webgpu for a GPU (docs/scale.md)'),
}

/** Settings of a training of a model of the next item. */
export const trainingConfig = z.strictObject({ ...shared, ...lossOptions })

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
export const clickTrainingConfig = z.strictObject({
  ...shared,
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
/** The options of losses, by name. */
export type LossOptions = Pick<TrainingConfig, keyof typeof lossOptions>
