/**
 * @file GRU4Rec: gated recurrent units over a user's last L items. Hidasi, Karatzoglou, Baltrunas & Tikk, ICLR 2016; Hidasi & Karatzoglou,
 * CIKM 2018. [bib: gru4rec]
 *   (1-4)  h_t = GRU(h_t-1, M[s_t])           history_BL -> hidden_BLH, h_0 = 0
 *          r = (W h_t + b) . M^T              hidden_MH  -> scores_MV
 * Differs:
 * - full cross-entropy over the catalog at every position, with Adam, instead of TOP1, BPR(-max) or sampled cross-entropy against the other
 *   rows of a mini-batch, with Adagrad;
 * - a row is a window of a user's last L items and starts from zeros, all its steps in one pass with their gradient through time in full;
 *   the paper walks sessions side by side, one step a mini-batch, and resets the state where one ends;
 * - items are embedded by the table that ranks them (the 2018 code's constrained embedding; in 2016 the input was one-hot), without an item bias;
 * - items begin as vectors of about length 1: what is much shorter hardly moves the gates, and training loses its first epochs;
 * - a linear layer leads from the hidden state to the table's width where they differ;
 * - dropout on the embedded items alone; the published code drops hidden states too;
 * - where several events share one time, one of them, drawn anew each epoch, stands for all with their weights' sum, as for SASRec.
 */
import * as z from 'zod'
import { gru } from '../../nn/gru.ts'
import { normal } from '../../nn/init.ts'
import { type Layer, linear } from '../../nn/linear.ts'
import { type Noise, noNoise } from '../../nn/noise.ts'
import { crossEntropy } from '../../tensor/cross-entropy.ts'
import { gather, rowsOf, selectRows } from '../../tensor/gather.ts'
import { reshape } from '../../tensor/move.ts'
import { input, parameter, type Tensor } from '../../tensor/node.ts'
import { defineModel } from '../contract/model.ts'
import { fillSequence, rowOfEach, sequenceWindows, targetInputs } from '../parts/fill-sequence.ts'
import { sasrecOptions } from './sasrec.ts'

const { hiddenSize, maxLength, stride, dropout, auxiliaryTargets } = sasrecOptions
/** Hyper-parameters of GRU4Rec. */
const gru4recConfig = z.strictObject({
  embeddingSize: z.int().min(1).max(1024).default(64).describe('width of the items’ embeddings'),
  hiddenSize: hiddenSize.describe('H, the width of every hidden state'),
  maxLength,
  stride,
  layers: z.int().min(1).max(12).default(1).describe('layers of recurrent units'),
  dropout: dropout.describe('share of the embedded items’ values dropped while training'),
  auxiliaryTargets,
})

/** GRU4Rec; see the file's header. */
export const gru4rec = defineModel({
  slug: 'gru4rec',
  task: 'next-item',
  title: 'GRU4Rec',
  config: gru4recConfig,
  build({ embeddingSize, hiddenSize, layers, dropout, ...config }, catalog) {
    const items = parameter('item', [catalog.itemCount + 1, embeddingSize], normal(1 / Math.sqrt(embeddingSize)))
    const recur = Array.from({ length: layers }, (_, layer) =>
      gru(`gru${layer}`, [layer === 0 ? embeddingSize : hiddenSize, hiddenSize]),
    )
    const toTable: Layer = hiddenSize === embeddingSize ? (x) => x : linear('output', [hiddenSize, embeddingSize])

    // Histories start at position 0: what stands behind them changes no earlier state.
    const encode = (history_BL: Tensor, pick: (states: Tensor) => Tensor, noise: Noise): Tensor => {
      const embedded_BLD = noise.dropout(gather(items, history_BL), dropout)
      const hidden_BLH = recur.reduce((x, layer) => layer(x), embedded_BLD)
      return toTable(pick(reshape(hidden_BLH, [-1, hiddenSize])))
    }
    return {
      windows: sequenceWindows(config, catalog),
      table: () => items,
      train(shape, noise) {
        const inputs = targetInputs(shape)
        const { history, sources, sourcesInverse, targets, weights } = inputs
        const hidden_MD = encode(history, (x) => selectRows(x, sources, sourcesInverse), noise)
        return { inputs, loss: crossEntropy({ hidden: hidden_MD, table: items, targets, weights }), parts: {} }
      },
      serve({ rows, length }) {
        const inputs = { history: input('history', [rows, length], 'int64'), last: input('last', [rows], 'int64') }
        return {
          inputs,
          user: encode(inputs.history, (x) => rowsOf(x, rowOfEach(inputs.last, length)), noNoise),
          reasons: {},
        }
      },
      fill: fillSequence,
    }
  },
})
