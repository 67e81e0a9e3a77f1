/** @file The options of M³BSR. */
import * as z from 'zod'
import * as shared from '../parts/options.ts'

const { flag, headsDivide, lossWeight } = shared
const steps = z.int().min(1).max(100)

/** Hyper-parameters of M³BSR; defaults are section 5.4's best where the paper gives one. */
export const m3bsrConfig = z
  .strictObject({
    reading: z
      .enum(['joint', 'paper'])
      .default('joint')
      .describe(
        "joint ranks items by what they are read with, and its shared expert reads all events in order; paper is the paper's form",
      ),
    embeddingSize: shared.fieldSize.describe(
      'width of the embedding of each id field in the reading paper; the joint one has hiddenSize',
    ),
    residualId: flag(
      "add the item's embedding to the output of the MLP over its id fields; reading paper alone, needs embeddingSize = hiddenSize",
    ),
    hiddenSize: shared.hiddenSize.describe('width of every hidden state (D)'),
    maxLength: shared.maxEvents,
    stride: shared.stride.describe(
      'a history longer than maxLength is cut into windows that end this many events apart',
    ),
    recentEvents: shared.recentEvents,
    layers: shared.layers.default(1).describe('number of Transformer layers in each specific expert'),
    sharedLayers: shared.layers.describe('number of Transformer layers in the shared expert of the joint reading'),
    heads: shared.heads.describe('number of attention heads in the experts; must divide hiddenSize'),
    dropout: shared.dropout.default(0.2).describe('share of hidden values set to 0 while training'),
    modalitySteps: steps.default(5).describe('number of diffusion steps that denoise pictures and texts (T_m)'),
    behaviorSteps: steps.default(15).describe('number of diffusion steps that denoise auxiliary behaviors (T_b)'),
    betaStart: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.001)
      .describe('variance of the noise that the first diffusion step adds'),
    betaEnd: z.number().gt(0).lt(1).default(0.1).describe('variance of the noise that the last diffusion step adds'),
    temperature: z
      .number()
      .min(0.01)
      .max(10)
      .default(0.3)
      .describe('temperature of the contrastive loss that disentangles interests'),
    lambdaContrast: lossWeight(0.005, 'weight of the contrastive loss that disentangles interests'),
    lambdaModality: lossWeight(1, 'weight of the reconstruction loss of denoising pictures and texts'),
    lambdaBehavior: lossWeight(1, 'weight of the reconstruction loss of denoising auxiliary behaviors'),
    reconstruction: z
      .enum(['posterior', 'literal'])
      .default('posterior')
      .describe(
        'what the reconstruction loss sums over: posterior compares every denoised state with the forward state at its step, the last with the clean vector; literal, as printed, leaves the last out',
      ),
    disentanglement: z
      .enum(['separate', 'literal', 'align'])
      .default('separate')
      .describe(
        "contrastive loss: separate pushes one user's vectors apart; literal is eq. 20 as printed; align pulls an item's modalities, and its vectors in two behaviors, together",
      ),
    timeEmbedding: flag("add a learned vector for each diffusion step to the denoiser's input"),
    stateTerm: z
      .boolean()
      .default(true)
      .describe('predict the noise from the current state too; false predicts it from the condition alone, as printed'),
    denoisers: z
      .enum(['apart', 'inline'])
      .default('apart')
      .describe(
        'how denoisers learn: apart trains the denoisers alone in a noisy pass, with noise in proportion to each vector, and everything else in a pass without noise, as when serving; inline, as printed, trains everything in one noisy pass',
      ),
    head: z
      .enum(['tied', 'free'])
      .default('tied')
      .describe(
        'vector that scores an item: tied is made of its id, picture and text; free is a learned vector and bias',
      ),
    userField: flag("add the user's id to the id fields of every event"),
    samples: z
      .enum(['windows', 'targets'])
      .default('windows')
      .describe(
        'windows trains all targets of a window in one causal pass; targets has one row for each target, as the paper',
      ),
    auxiliaryTargets: shared.auxiliaryTargets
      .default(0.3)
      .describe(
        'weight in the loss of a next event that is not of the target behavior; 0 trains on the target behavior alone',
      ),
    // Without a default: options that say nothing of it are those of runs from before it.
    modalityDenoiser: z
      .enum(['diffusion', 'mlp'])
      .optional()
      .describe(
        'what denoises pictures and texts: diffusion, also when this is left out; or an MLP in its place, to compare (section 5.6)',
      ),
    withoutModalityDenoising: flag('do not denoise pictures and texts (w/o CDMD-M)'),
    withoutBehaviorDenoising: flag('do not denoise auxiliary behaviors (w/o CDMD-B)'),
    withoutExperts: flag('replace the experts by the mean of each stream, and the mean of the streams (w/o MEIE)'),
    withoutSharedExpert: flag('leave out the shared expert, and with it the routing'),
    withoutDisentanglement: flag('leave out the contrastive loss that disentangles interests'),
  })
  .refine(...headsDivide('hiddenSize'))
  .refine(({ modalityDenoiser, withoutModalityDenoising }) => modalityDenoiser !== 'mlp' || !withoutModalityDenoising, {
    path: ['modalityDenoiser'],
    message: 'is not mlp where withoutModalityDenoising is true',
  })
  .refine(({ reading, residualId }) => reading === 'paper' || !residualId, {
    path: ['residualId'],
    message: 'has no place where reading is joint',
  })
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
