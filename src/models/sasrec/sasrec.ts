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
import { layerNorm } from '../../nn/linear.ts'
import { type Noise, noNoise } from '../../nn/noise.ts'
import { type Block, transformerBlock } from '../../nn/transformer-block.ts'
import { crossEntropy } from '../../tensor/cross-entropy.ts'
import { add } from '../../tensor/elementwise.ts'
import { gather, rowsOf, selectRows } from '../../tensor/gather.ts'
import { reshape, slice } from '../../tensor/move.ts'
import { input, integers, parameter, type Tensor } from '../../tensor/node.ts'
import { type CatalogShape, defineModel, type NextItemModel } from '../model.ts'
import { causalBias, lastBias } from './causal-bias.ts'
import { fillSequence } from './fill.ts'

/** The options that SASRec and its relatives share. */
export const sasrecOptions = {
  hiddenSize: z.int().min(1).max(1024).default(64).describe('D, the width of every hidden state'),
  maxLength: z.int().min(1).max(1000).default(50).describe('L, how many of the last items are read'),
  stride: z.int().min(1).max(1000).default(25).describe('items between the ends of a long history’s training windows'),
  layers: z.int().min(1).max(12).default(2).describe('number of Transformer blocks'),
  heads: z.int().min(1).max(64).default(2).describe('attention heads; must divide hiddenSize'),
  dropout: z.number().min(0).max(0.95).default(0.5).describe('share of hidden values dropped while training'),
  auxiliaryTargets: z.number().min(0).max(1).default(1).describe('weight of a next event of another behavior than the target'),
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

/** SASRec over any item vectors; parameters `position`, `norm.*` and `blockN.*`. */
export function sequenceModel(config: z.infer<typeof sasrecConfig>, { behaviors, target }: CatalogShape, items: ItemVectors): NextItemModel {
  const { hiddenSize, maxLength, stride, layers, heads, dropout, auxiliaryTargets } = config
  const positions = parameter('position', [maxLength, hiddenSize], normal())
  const norm = layerNorm('norm', hiddenSize)
  const blocks = Array.from({ length: layers }, (_, layer) => transformerBlock(`block${layer}`, { width: hiddenSize, heads, dropout }))

  const flat = (x: Tensor): Tensor => reshape(x, [-1, hiddenSize])
  const embed = (history_BL: Tensor, noise: Noise): Tensor => {
    const embedded_BLD = add(items.rowsOf(history_BL), slice(positions, 0, 0, history_BL.shape[1] as number))
    return noise.dropout(norm(embedded_BLD), dropout)
  }
  // Histories start at position 0, so causality alone keeps the padding behind them out of sight.
  const encode = (hidden_BLD: Tensor, through: readonly Block[], noise: Noise): Tensor =>
    through.reduce((query, block) => block({ query, bias: causalBias(hidden_BLD.shape[1] as number), noise }), hidden_BLD)
  /** When one position a window is read, the last block computes that query alone. */
  const encodeLast = (history_BL: Tensor, last: Tensor, pick: (rows: Tensor) => Tensor, noise: Noise): Tensor => {
    const [rows, length] = history_BL.shape as [number, number]
    const memory = encode(embed(history_BL, noise), blocks.slice(0, -1), noise)
    const query = reshape(pick(flat(memory)), [rows, 1, hiddenSize])
    return flat((blocks.at(-1) as Block)({ query, memory, bias: lastBias(last, length), noise }))
  }

  return {
    windows: {
      maxLength,
      stride: Math.min(stride, maxLength),
      targetWeights: behaviors.map((_, behavior) => (behavior === target ? 1 : auxiliaryTargets)),
      mergeBehaviors: true,
      onePerPosition: true,
    },
    table: () => items.table,
    train({ rows, length, targets, lastOnly }, noise) {
      const inputs = {
        history: input('history', [rows, length], 'int64'),
        sources: input('sources', [targets], 'int64'),
        sourcesInverse: input('sourcesInverse', [rows * length], 'int64'),
        targets: input('targets', [targets], 'int64'),
        weights: input('weights', [targets]),
        ...(lastOnly && { last: input('last', [rows], 'int64') }),
      }
      const pick = (x: Tensor): Tensor => selectRows(x, inputs.sources, inputs.sourcesInverse)
      const hidden_MD = inputs.last
        ? encodeLast(inputs.history, inputs.last, pick, noise)
        : pick(flat(encode(embed(inputs.history, noise), blocks, noise)))
      const { targets: ids, weights } = inputs
      const targetRows = items.targetRows ? { targetRows: items.targetRows(ids) } : {}
      return { inputs, loss: crossEntropy({ hidden: hidden_MD, table: items.table, targets: ids, weights, ...targetRows }), parts: {} }
    },
    serve({ rows, length }) {
      const inputs = { history: input('history', [rows, length], 'int64'), last: input('last', [rows], 'int64') }
      const rowOf = add(integers(Array.from({ length: rows }, (_, row) => row * length)), inputs.last)
      return { inputs, user: encodeLast(inputs.history, inputs.last, (x) => rowsOf(x, rowOf), noNoise), reasons: {} }
    },
    fill: fillSequence,
  }
}
