/** @file The options of MMSBR. */
import * as z from 'zod'
import {
  auxiliaryTargets,
  dropout,
  flag,
  heads,
  headsDivide,
  hiddenSize,
  lossWeight,
  maxLength,
} from '../../parts/options.ts'

/** Hyper-parameters of MMSBR; defaults are the published ones where there are any. */
export const mmsbrConfig = z
  .strictObject({
    hiddenSize,
    maxLength: maxLength.default(20),
    layers: z
      .int()
      .min(2)
      .max(12)
      .multipleOf(2)
      .default(6)
      .describe('number of Transformer blocks, half of which read texts and half pictures'),
    heads: heads.default(4),
    tokens: z.int().min(1).max(16).default(4).describe('tokens made of a picture, and of a text'),
    pivots: z.int().min(1).max(16).default(4).describe('pivot vectors of an item, which read its tokens'),
    components: z.int().min(1).max(512).default(64).describe('width that pictures and texts are projected to at first'),
    dropout: dropout.default(0.1).describe('share of values set to 0 while training, in tokens and in blocks'),
    outerDropout: dropout.default(0.1).describe('the same, of item vectors and of prices'),
    auxiliaryTargets,
    priceField: z.string().min(1).default('price').describe('the numeric field of an item that is its price'),
    categoryField: z
      .string()
      .min(1)
      .default('category')
      .describe('the field of an item within whose values prices are compared'),
    priceLevels: z
      .int()
      .min(1)
      .max(1000)
      .default(99)
      .describe("levels of price, of equal width between a category's least and largest"),
    price: z
      .enum(['released', 'closeness'])
      .default('released')
      .describe(
        'how a price far from the session changes an interest: released raises it, as the published code does; closeness leaves it as it is, and raises that of a price nearby',
      ),
    lambdaContrast: lossWeight(0.01, 'weight of the contrast of vectors with those made of the other modality'),
    contrastItems: z
      .int()
      .min(1)
      .max(10_000)
      .default(100)
      .describe('items that a vector is contrasted with: those nearest to it'),
    withoutPrice: flag('leave out prices'),
    withoutContrast: flag('leave out the contrast'),
    withoutPivots: flag('let the mean of its tokens stand for an item'),
  })
  .refine(...headsDivide('hiddenSize'))

/** See {@link mmsbrConfig}. */
export type MmsbrConfig = z.infer<typeof mmsbrConfig>
