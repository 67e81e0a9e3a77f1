/**
 * @file SASRec: self-attention over a user's last L items. Kang & McAuley, ICDM 2018. [bib: sasrec]
 *   (1)  E = M[s] + P                         item_BL -> hidden_BLD
 *   (2)  S = attention(E), causal             hidden_BLD -> hidden_BLD
 *   (5)  F = FFN(S)                           hidden_BLD -> hidden_BLD
 *   (6)  r = F_t . M^T                        user_PD -> scores_PV
 * Differs:
 * - full cross-entropy on every position instead of one sampled negative (Klenitskiy & Vasilev, RecSys 2023);
 * - post-norm blocks with a GELU feed-forward of 4 D, as RecBole and BERT4Rec have it;
 * - where several events share one time, one of them, drawn anew each epoch, stands for all with their weights' sum,
 *   since none may see the others.
 */
import * as z from 'zod'
import { type Sequences, sequences } from '../../batches/sequences.ts'
import { normal } from '../../nn/init.ts'
import { parameter } from '../../tensor/node.ts'
import { rows } from '../../tensor/rows.ts'
import { defineModel } from '../contract/model.ts'
import { itemWindows } from '../parts/item-windows.ts'
import { headsDivide, positions, sequenceOptions } from '../parts/options.ts'
import { sequenceEncoder } from '../parts/sequence-encoder.ts'

/** SASRec; see the file's header. */
export const sasrec = defineModel({
  slug: 'sasrec',
  task: 'next-item',
  title: 'SASRec',
  config: z.strictObject({ ...sequenceOptions, positions }).refine(...headsDivide('hiddenSize')),
  build(config, catalog) {
    const items = parameter('item', [catalog.itemCount + 1, config.hiddenSize], normal(), { rows: 'items' })
    const encoder = sequenceEncoder(config)
    const windows = itemWindows(config, catalog)
    return {
      batches: sequences(windows),
      history: windows,
      score: {
        kind: 'dot',
        table: items,
        user: (batch: Sequences, { noise }) => encoder.atTargets(rows(items, batch.item_BL), batch, noise),
      },
    }
  },
})
