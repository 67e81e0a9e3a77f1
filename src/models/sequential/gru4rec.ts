/**
 * @file GRU4Rec: gated recurrent units over a user's last L items. Hidasi, Karatzoglou, Baltrunas & Tikk, ICLR 2016;
 * Hidasi & Karatzoglou, CIKM 2018. [bib: gru4rec]
 *   (1-4)  h_t = GRU(h_t-1, M[s_t])           item_BL -> hidden_BLH, h_0 = 0
 *          r = (W h_t + b) . M^T              hidden_PH -> scores_PV
 * Differs:
 * - full cross-entropy over the catalog at every position, with Adam, instead of TOP1, BPR(-max) or sampled
 *   cross-entropy against the other rows of a mini-batch, with Adagrad;
 * - a row is a window of a user's last L items and starts from zeros, all its steps in one pass with their gradient
 *   through time in full; the paper walks sessions side by side, one step a mini-batch, and resets the state where one
 *   ends;
 * - items are embedded by the table that ranks them (the 2018 code's constrained embedding; in 2016 the input was
 *   one-hot), without an item bias;
 * - items begin as vectors of about length 1: what is much shorter hardly moves the gates, and training loses its first
 *   epochs;
 * - a linear layer leads from the hidden state to the table's width where they differ;
 * - dropout on the embedded items alone; the published code drops hidden states too;
 * - where several events share one time, one of them, drawn anew each epoch, stands for all with their weights' sum, as
 *   for SASRec.
 */
import * as z from 'zod'
import { sequences } from '../../batches/sequences.ts'
import { gru } from '../../nn/gru.ts'
import { normal } from '../../nn/init.ts'
import { type Layer, linear } from '../../nn/linear.ts'
import { parameter } from '../../tensor/node.ts'
import { rows as rowsOf } from '../../tensor/rows.ts'
import { defineModel } from '../contract/model.ts'
import { itemWindows } from '../parts/item-windows.ts'
import { auxiliaryTargets, dropout, hiddenSize, maxLength, stride } from '../parts/options.ts'

/** GRU4Rec; see the file's header. */
export const gru4rec = defineModel({
  slug: 'gru4rec',
  task: 'next-item',
  title: 'GRU4Rec',
  config: z.strictObject({
    embeddingSize: z.int().min(1).max(1024).default(64).describe("width of an item's embedding"),
    hiddenSize: hiddenSize.describe("width of the GRU's hidden state (H)"),
    maxLength,
    stride,
    layers: z.int().min(1).max(12).default(1).describe('number of GRU layers'),
    dropout: dropout.describe("share of the items' embedding values set to 0 while training"),
    auxiliaryTargets,
  }),
  build({ embeddingSize, hiddenSize, layers, dropout, ...config }, catalog) {
    const items = parameter('item', [catalog.itemCount + 1, embeddingSize], normal(1 / Math.sqrt(embeddingSize)), {
      rows: 'items',
    })
    const recur = Array.from({ length: layers }, (_, layer) =>
      gru(`gru${layer}`, [layer === 0 ? embeddingSize : hiddenSize, hiddenSize]),
    )
    const toTable: Layer = hiddenSize === embeddingSize ? (x) => x : linear('output', [hiddenSize, embeddingSize])
    const windows = itemWindows(config, catalog)
    return {
      batches: sequences(windows),
      history: windows,
      score: {
        kind: 'dot',
        table: items,
        user({ item_BL, atLast }, { noise }) {
          const embedded_BLD = noise.dropout(rowsOf(items, item_BL), dropout)
          // Histories start at position 0: what stands behind them changes no earlier state.
          const hidden_BLH = recur.reduce((x, layer) => layer(x), embedded_BLD)
          return toTable(atLast(hidden_BLH))
        },
      },
    }
  },
})
