/** @file The options of QARM. */
import * as z from 'zod'
import { attentionSize, embeddingSize, outputOptions } from '../../parts/click-options.ts'
import { maxEvents, temperature } from '../../parts/options.ts'

/** See {@link QarmConfig}. */
export const config = z.strictObject({
  embeddingSize: embeddingSize.describe('width of the embedding of each categorical field and of each code'),
  levels: z.int().min(1).max(16).default(4).describe('residual codes of an item (Q)'),
  centers: z
    .int()
    .min(1)
    .max(65_536)
    .default(256)
    .describe('how many values each residual code has at most (K); never more than one for eight items'),
  clusterPasses: z.int().min(1).max(100).default(20).describe("rounds of Lloyd's algorithm for each residual code"),
  neighbors: z
    .int()
    .min(0)
    .max(100)
    .default(10)
    .describe('how many nearest items that training knows are read of an item (k); 0 reads none'),
  neighborPool: z
    .enum(['mean', 'concat'])
    .default('mean')
    .describe('how the embeddings of the nearest items are read: their mean, or side by side'),
  codesOf: z
    .enum(['joined', 'each'])
    .default('joined')
    .describe('whether an item has codes of its picture and text together, or of each by itself'),
  alignment: z
    .enum(['adapter', 'none'])
    .default('adapter')
    .describe(
      'what vectors pass before codes are made of them: a linear map that learns from pairs of items that users took one after the other, or nothing',
    ),
  alignedSize: z.int().min(1).max(1024).default(64).describe('with the adapter: width of the aligned vectors'),
  alignmentEpochs: z
    .int()
    .min(1)
    .max(1000)
    .default(5)
    .describe('with the adapter: how many epochs it learns, before codes are made'),
  temperature: temperature(0.07, 'with the adapter: what cosines are divided by in the softmax of its loss'),
  events: z
    .enum(['codes', 'both'])
    .default('codes')
    .describe('what histories are read by: codes alone, or codes and ids, each with weights of its own'),
  read: z
    .enum(['din', 'mean'])
    .default('din')
    .describe("how events are weighed: by DIN's unit for each candidate, or alike"),
  attentionSize: attentionSize.describe(
    'width of the first hidden layer in each of the units that weigh events; the second has half of it',
  ),
  ...outputOptions,
  maxLength: maxEvents,
})
/** The options of QARM. */
export type QarmConfig = z.infer<typeof config>
