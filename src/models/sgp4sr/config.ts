/** @file The options of SGP4SR. */
import * as z from 'zod'

const flag = (what: string) => z.boolean().default(false).describe(what)

/** Hyper-parameters of SGP4SR; defaults are the published ones where there are any. */
export const sgp4srConfig = z
  .strictObject({
    hiddenSize: z.int().min(1).max(1024).default(64).describe('D, the width of every hidden state'),
    maxLength: z.int().min(1).max(1000).default(50).describe('L, how many of the last items are read'),
    stride: z
      .int()
      .min(1)
      .max(1000)
      .default(25)
      .describe('items between the ends of a long history’s training windows'),
    layers: z
      .int()
      .min(1)
      .max(12)
      .default(2)
      .describe('Transformer blocks of each stream, and layers of the interest centers'),
    heads: z.int().min(1).max(64).default(2).describe('attention heads; must divide hiddenSize'),
    dropout: z.number().min(0).max(0.95).default(0.5).describe('share of hidden values dropped while training'),
    auxiliaryTargets: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe('weight of a next event of another behavior than the target'),
    neighbors: z.int().min(1).max(1000).default(10).describe('H, neighbors of an item in a modality’s graph'),
    muCoOccurrence: z
      .number()
      .min(0)
      .max(1)
      .default(0.3)
      .describe('H_o over H: how many items by co-occurrence guide the choice of neighbors'),
    muModal: z
      .number()
      .min(1)
      .max(100)
      .default(2.5)
      .describe('H_m over H: how many items by cosine the neighbors are chosen from'),
    centers: z.int().min(0).max(1000).default(50).describe('k, interest centers of a modality; 0 leaves them out'),
    alpha: z.number().min(0).max(10).default(0.5).describe('weight of the interest center in a modality’s user vector'),
    rho: z
      .number()
      .min(0)
      .max(1)
      .default(0.1)
      .describe('weight of the image, where there is one; the text has the rest of 1'),
    temperature: z.number().min(0.01).max(10).default(1).describe('temperature of the choice among interest centers'),
    clusterSeed: z
      .int()
      .min(0)
      .max(4_294_967_295)
      .default(1)
      .describe('seeds the clusters that interest centers begin as'),
    inputScale: z
      .enum(['root', 'none'])
      .default('root')
      .describe(
        'what the rows that streams read are multiplied by before positions are added: the root of hiddenSize, or nothing as printed',
      ),
    centerLayers: z
      .enum(['residual', 'printed'])
      .default('residual')
      .describe(
        'what a layer makes of interest centers: their normalized sum with what they attended to, or that alone as printed',
      ),
    sharedLayers: flag('let all streams share one Transformer, as the published code does'),
    withoutCoOccurrence: flag('choose neighbors by the modality alone (w/o COO)'),
    withoutGraphs: flag('read projected modal features in place of the graphs (w/o CGC)'),
    withoutCenters: flag('leave out the interest centers (w/o CIP)'),
    withoutSeparation: flag('fuse the modalities into one stream (w/o MUL)'),
    withoutBoth: flag('leave out graphs and interest centers (w/o C2C)'),
  })
  .refine(({ heads, hiddenSize }) => hiddenSize % heads === 0, { path: ['heads'], message: 'must divide hiddenSize' })
  .refine(({ muCoOccurrence, muModal }) => muCoOccurrence < muModal, {
    path: ['muCoOccurrence'],
    message: 'must be below muModal',
  })

/** See {@link sgp4srConfig}. */
export type Sgp4srConfig = z.infer<typeof sgp4srConfig>

/** Whether items are read through graphs. */
export const hasGraphs = ({ withoutGraphs, withoutBoth }: Sgp4srConfig): boolean => !withoutGraphs && !withoutBoth
/** Whether there are interest centers. */
export const hasCenters = ({ centers, withoutCenters, withoutBoth }: Sgp4srConfig): boolean =>
  centers > 0 && !withoutCenters && !withoutBoth
