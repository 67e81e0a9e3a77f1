/**
 * @file SASRec: self-attention over a user's last L items. Kang & McAuley, ICDM 2018. [bib: sasrec]
 *   (1)  E = M[s] + P                         history_BL -> hidden_BLD
 *   (2)  S = attention(E), causal             hidden_BLD -> hidden_BLD
 *   (5)  F = FFN(S)                           hidden_BLD -> hidden_BLD
 *   (6)  r = F_t . M^T                        hidden_MD  -> scores_MV
 * Differs: full cross-entropy on every position instead of one sampled negative (Klenitskiy & Vasilev, RecSys 2023); post-norm
 * blocks with a GELU feed-forward of 4 D, as RecBole and BERT4Rec have it; where several events share one time, one of them,
 * drawn anew each epoch, stands for all with their weights' sum, since none may see the others.
 */
import * as z from 'zod'
import { normal } from '../../nn/init.ts'
import { type Noise, noNoise } from '../../nn/noise.ts'
import { crossEntropy } from '../../tensor/cross-entropy.ts'
import { gather, rowsOf, selectRows } from '../../tensor/gather.ts'
import { input, parameter, type Tensor } from '../../tensor/node.ts'
import { type CatalogShape, defineModel, type NextItemModel } from '../contract/model.ts'
import { causalBias, lastBias } from '../parts/causal-bias.ts'
import { fillSequence, rowOfEach, sequenceWindows, targetInputs } from '../parts/fill-sequence.ts'
import { sequenceEncoder } from '../parts/sequence-encoder.ts'

/** The options that SASRec and its relatives share. */
export const sasrecOptions = {
  hiddenSize: z.int().min(1).max(1024).default(64).describe('D, the width of every hidden state'),
  maxLength: z.int().min(1).max(1000).default(50).describe('L, how many of the last items are read'),
  stride: z.int().min(1).max(1000).default(25).describe('items between the ends of a long history’s training windows'),
  layers: z.int().min(1).max(12).default(2).describe('number of Transformer blocks'),
  heads: z.int().min(1).max(64).default(2).describe('attention heads; must divide hiddenSize'),
  dropout: z.number().min(0).max(0.95).default(0.5).describe('share of hidden values dropped while training'),
  auxiliaryTargets: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('weight of a next event of another behavior than the target'),
}
/** Hyper-parameters of SASRec. */
const sasrecConfig = z
  .strictObject(sasrecOptions)
  .refine(({ heads, hiddenSize }) => hiddenSize % heads === 0, { path: ['heads'], message: 'must divide hiddenSize' })

/** SASRec; see the file's header. */
export const sasrec = defineModel({
  slug: 'sasrec',
  task: 'next-item',
  title: 'SASRec',
  config: sasrecConfig,
  build(config, catalog) {
    const items = parameter('item', [catalog.itemCount + 1, config.hiddenSize], normal())
    return sequenceModel(config, catalog, { table: items, rowsOf: (ids) => gather(items, ids) })
  },
})

/** What stands for the items, in histories and as candidates alike. */
export interface ItemVectors {
  /** M [V + 1, D] */
  readonly table: Tensor
  /** ids [..] -> [.., D] */
  readonly rowsOf: (ids: Tensor) => Tensor
  /** ids [M] -> [M, D], rows of the table, where it is computed and not a parameter itself. */
  readonly targetRows?: (ids: Tensor) => Tensor
}

/** SASRec over any item vectors; parameters as {@link sequenceEncoder}. */
export function sequenceModel(
  config: z.infer<typeof sasrecConfig>,
  catalog: CatalogShape,
  items: ItemVectors,
): NextItemModel {
  const encoder = sequenceEncoder(config, items.rowsOf)
  /** When one position a window is read, the last block computes that query alone. */
  const encodeLast = (history_BL: Tensor, last: Tensor, pick: (rows: Tensor) => Tensor, noise: Noise): Tensor => {
    const length = history_BL.shape[1] as number
    return encoder.single(history_BL, { bias: causalBias(length), queryBias: lastBias(last, length), pick, noise })
  }
  return {
    windows: sequenceWindows(config, catalog),
    table: () => items.table,
    train(shape, noise) {
      const inputs = { ...targetInputs(shape), ...(shape.lastOnly && { last: input('last', [shape.rows], 'int64') }) }
      const { history, sources, sourcesInverse, targets, weights, last } = inputs
      const pick = (x: Tensor): Tensor => selectRows(x, sources, sourcesInverse)
      // Histories start at position 0, so causality alone keeps the padding behind them out of sight.
      const hidden_MD = last
        ? encodeLast(history, last, pick, noise)
        : pick(encoder.whole(history, causalBias(shape.length), noise))
      const targetRows = items.targetRows ? { targetRows: items.targetRows(targets) } : {}
      return {
        inputs,
        loss: crossEntropy({ hidden: hidden_MD, table: items.table, targets, weights, ...targetRows }),
        parts: {},
      }
    },
    serve({ rows, length }) {
      const inputs = { history: input('history', [rows, length], 'int64'), last: input('last', [rows], 'int64') }
      return {
        inputs,
        user: encodeLast(inputs.history, inputs.last, (x) => rowsOf(x, rowOfEach(inputs.last, length)), noNoise),
        reasons: {},
      }
    },
    fill: fillSequence,
  }
}
