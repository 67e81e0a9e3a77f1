/** @file The options of M³BSR. */
import * as z from 'zod'

const flag = (what: string) => z.boolean().default(false).describe(what)
const weight = (value: number, what: string) => z.number().min(0).max(10).default(value).describe(what)

/** Hyper-parameters of M³BSR; defaults are section 5.4's best where the paper gives one. */
export const m3bsrConfig = z
  .strictObject({
    embeddingSize: z.int().min(1).max(256).default(16).describe('width of each id field’s embedding'),
    residualId: flag(
      'add an item’s embedding to what the MLP makes of its id fields; embeddingSize must equal hiddenSize',
    ),
    hiddenSize: z.int().min(1).max(1024).default(64).describe('D, the width of every hidden state'),
    maxLength: z.int().min(1).max(1000).default(50).describe('L, how many of the last events are read'),
    stride: z
      .int()
      .min(1)
      .max(1000)
      .default(25)
      .describe('events between the ends of a long history’s training windows'),
    layers: z.int().min(1).max(12).default(1).describe('Transformer layers of each specific expert'),
    heads: z.int().min(1).max(64).default(2).describe('attention heads of the experts; must divide hiddenSize'),
    dropout: z.number().min(0).max(0.95).default(0.2).describe('share of hidden values dropped while training'),
    modalitySteps: z.int().min(1).max(100).default(10).describe('diffusion steps of the modality denoising, T_m'),
    behaviorSteps: z.int().min(1).max(100).default(10).describe('diffusion steps of the behavior denoising, T_b'),
    betaStart: z.number().gt(0).lt(1).default(0.001).describe('variance of the first diffusion step'),
    betaEnd: z.number().gt(0).lt(1).default(0.1).describe('variance of the last diffusion step'),
    temperature: z.number().min(0.01).max(10).default(0.3).describe('temperature of the interest disentanglement'),
    lambdaContrast: weight(0.05, 'weight of the disentanglement loss'),
    lambdaModality: weight(0.02, 'weight of the modality denoising’s reconstruction loss'),
    lambdaBehavior: weight(0.02, 'weight of the behavior denoising’s reconstruction loss'),
    reconstruction: z
      .enum(['posterior', 'literal'])
      .default('posterior')
      .describe(
        'what a denoised state is compared with: the less noisy state before it, or the noisy state it came from',
      ),
    disentanglement: z
      .enum(['separate', 'literal', 'align'])
      .default('separate')
      .describe('push a user’s vectors apart, the contrast as printed, or pull them together against other users’'),
    timeEmbedding: flag('add a learned vector for each diffusion step'),
    stateTerm: flag('let the noise taken away be read from the state itself too, not from the condition alone'),
    head: z
      .enum(['tied', 'free'])
      .default('tied')
      .describe('items scored by their own features, or by a free vector and bias each'),
    userField: z.boolean().default(true).describe('read the user’s id as an id field of every event'),
    samples: z
      .enum(['windows', 'targets'])
      .default('windows')
      .describe(
        'train every target of a window in one causal pass, or one row per target reading the whole of its history',
      ),
    auxiliaryTargets: z
      .number()
      .min(0)
      .max(1)
      .default(0.3)
      .describe('weight of a next event of another behavior than the target'),
    withoutModalityDenoising: flag('leave out the modality denoising'),
    withoutBehaviorDenoising: flag('leave out the behavior denoising'),
    withoutExperts: flag('leave out the multi-expert layer: the mean of each stream, and of the streams'),
    withoutSharedExpert: flag('leave out the shared expert and the routing to it'),
    withoutDisentanglement: flag('leave out the disentanglement loss'),
  })
  .refine(({ heads, hiddenSize }) => hiddenSize % heads === 0, { path: ['heads'], message: 'must divide hiddenSize' })
  .refine(({ residualId, embeddingSize, hiddenSize }) => !residualId || embeddingSize === hiddenSize, {
    path: ['embeddingSize'],
    message: 'must equal hiddenSize where residualId is true',
  })
  .refine(({ betaStart, betaEnd }) => betaStart <= betaEnd, {
    path: ['betaEnd'],
    message: 'must not be below betaStart',
  })

/** See {@link m3bsrConfig}. */
export type M3bsrConfig = z.infer<typeof m3bsrConfig>
