/** @file The options of SGP4SR. */
import * as z from 'zod'
import { flag, headsDivide, layers, sequenceOptions, temperature } from '../parts/options.ts'

/** Hyper-parameters of SGP4SR; defaults are the published ones where there are any. */
export const sgp4srConfig = z
  .strictObject({
    ...sequenceOptions,
    layers: layers.describe('number of Transformer blocks in each stream, and of layers of the interest centers'),
    neighbors: z
      .int()
      .min(1)
      .max(1000)
      .default(10)
      .describe("number of neighbors of an item in each modality's graph (H)"),
    muCoOccurrence: z
      .number()
      .min(0)
      .max(1)
      .default(0.3)
      .describe(
        'length of the co-occurrence list that guides the choice of neighbors, as a multiple of neighbors (H_o / H)',
      ),
    muModal: z
      .number()
      .min(1)
      .max(100)
      .default(2.5)
      .describe(
        'length of the list of most similar items that the neighbors are chosen from, as a multiple of neighbors (H_m / H)',
      ),
    centers: z
      .int()
      .min(0)
      .max(1000)
      .default(50)
      .describe('number of interest centers of each modality (k); 0 leaves them out'),
    alpha: z
      .number()
      .min(0)
      .max(10)
      .default(0.5)
      .describe("weight of the chosen interest center in a modality's user vector (alpha^m)"),
    alphaText: z
      .number()
      .min(0)
      .max(10)
      .optional()
      .describe("alpha of texts where it differs from that of pictures; without it, both have alpha's value"),
    rho: z
      .number()
      .min(0)
      .max(1)
      .default(0.1)
      .describe("weight of the picture's prediction; the text has 1 - rho. With only one modality it is 1"),
    temperature: temperature(1, 'temperature of the softmax that chooses among interest centers'),
    clusterSeed: z
      .int()
      .min(0)
      .max(4_294_967_295)
      .default(1)
      .describe('seed of the k-means clusters that the interest centers start from'),
    inputScale: z
      .enum(['root', 'none'])
      .default('root')
      .describe(
        'scale of item vectors before positions are added: root multiplies by sqrt(hiddenSize), as the published code does with pictures and texts; none follows the paper',
      ),
    centerLayers: z
      .enum(['residual', 'printed'])
      .default('residual')
      .describe(
        'output of a layer of interest centers: by default attention output plus input, normalized; printed is the attention output alone, as in the paper',
      ),
    sharedLayers: flag('use one Transformer for all streams, as the published code does'),
    withoutCoOccurrence: flag('choose neighbors by similarity alone, without co-occurrence (w/o COO)'),
    withoutGraphs: flag('read projected vectors of pictures and texts instead of the graphs (w/o CGC)'),
    withoutCenters: flag('leave out the interest centers (w/o CIP)'),
    withoutSeparation: flag('fuse pictures and texts into one stream (w/o MUL); needs both'),
    withoutBoth: flag('leave out graphs and interest centers (w/o C2C)'),
  })
  .refine(...headsDivide('hiddenSize'))
  .refine(({ muCoOccurrence, muModal }) => muCoOccurrence < muModal, {
    path: ['muCoOccurrence'],
    message: 'must be below muModal',
  })

/** See {@link sgp4srConfig}. */
export type Sgp4srConfig = z.infer<typeof sgp4srConfig>

/** alpha^m of eq. 16. */
export const alphaOf = ({ alpha, alphaText = alpha }: Sgp4srConfig, stream: string): number =>
  stream === 'text' ? alphaText : alpha

/** Whether items are read through graphs. */
export const hasGraphs = ({ withoutGraphs, withoutBoth }: Sgp4srConfig): boolean => !withoutGraphs && !withoutBoth
/** Whether there are interest centers. */
export const hasCenters = ({ centers, withoutCenters, withoutBoth }: Sgp4srConfig): boolean =>
  centers > 0 && !withoutCenters && !withoutBoth
