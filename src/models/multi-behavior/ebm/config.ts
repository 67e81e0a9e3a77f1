/** @file The options of EBM. */
import * as z from 'zod'
import {
  auxiliaryTargets,
  dropout,
  flag,
  headsDivide,
  hiddenSize,
  layers,
  lossWeight,
  maxEvents,
  temperature,
} from '../../parts/options.ts'

const epochs = z.int().min(1).max(1000).default(2)

/** Every option, with its range and default. */
export const config = z
  .strictObject({
    hiddenSize,
    maxLength: maxEvents,
    layers: layers.describe('number of layers of the encoder before the denoising; one more comes after it'),
    chunks: z
      .int()
      .min(1)
      .max(256)
      .default(4)
      .describe('parts of a hidden state, each mixed by weights of its own (k); must divide hiddenSize'),
    spectrum: z
      .enum(['whole', 'real'])
      .default('whole')
      .describe(
        'what the encoder reads of a spectrum: all of it, or its real part alone, as the published code, which cannot tell a sequence from its mirror image',
      ),
    dropout: dropout.default(0.2),
    auxiliaryTargets: auxiliaryTargets.default(0),
    stages: z
      .enum(['four', 'joint'])
      .default('four')
      .describe(
        'how it is trained: four trains the encoder, then what drops events, then the filter, each with the rest frozen, then everything at half the rate; joint trains everything at once',
      ),
    hardEpochs: epochs.describe('epochs of the stage that trains what drops events'),
    softEpochs: epochs.describe('epochs of the stage that trains the filter'),
    temperature: temperature(1, 'temperature of the draw of the events that stay'),
    lambdaContrast: lossWeight(
      0.1,
      'weight of the losses by which cleaned histories should fit the next item better than raw ones, and those better than what was taken out',
    ),
    contrastOn: z
      .enum(['mean', 'last'])
      .default('mean')
      .describe('what those losses read of a history: the mean of its places, or its last place'),
    lambdaCompactness: lossWeight(0.01, 'weight of the size of the code of encoded histories'),
    epsilon: z
      .number()
      .min(0.001)
      .max(10)
      .default(0.5)
      .describe('how far apart two encoded events may be and count as one in the size of the code'),
    withoutHardNoise: flag('drop no event'),
    withoutSoftNoise: flag('filter no spectrum'),
  })
  .refine(...headsDivide('hiddenSize', 'chunks'))

/** See {@link config}. */
export type Config = z.infer<typeof config>
