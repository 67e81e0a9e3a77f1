/**
 * @file BERT4Rec: a bidirectional Transformer that fills in masked items. Sun, Liu, Wu, Pei, Lin, Ou & Jiang, CIKM
 * 2019. [bib: bert4rec]
 *   (6)    H = M[s] + P, some of s being [MASK]         history_BL -> hidden_BLD
 *   (1-5)  H = blocks(H), every position seeing all     hidden_BLD -> hidden_BLD
 *   (7)    P(v) = softmax(norm(GELU(h W + b)) . M^T + c) at each mask, hidden_MD -> scores_MV
 *   (8)    the mean of -log P(masked item)
 * To predict what comes next, [MASK] is put behind a history, so that L places hold the last L - 1 items. A row of the
 * item table is wider by one, the item's bias c; its last row is [MASK], a candidate while training as in the published
 * code, and never when serving. The pad is no candidate at any time.
 * As published: the number of masks is a share of a window's length, rounded, at least one, every masked item becomes
 * [MASK], and one window in eleven has its last item alone masked. Only masked places reach the output layer.
 * It wants to be trained for long: Petrov & Macdonald (RecSys 2022) found that papers disagree on whether BERT4Rec is
 * better than SASRec, since the published code stops far too early by default and needs up to thirty times that
 * training to give the published figures. A window teaches a few masks a pass where SASRec learns from every position:
 * allow `epochs` in the hundreds and a `patience` of 40 or more.
 * Differs:
 * - masks are drawn anew at every step instead of ten fixed copies of the data, and `lastShare` is a chance, 0.1 by
 *   default;
 * - positions are counted from a window's end, so that the mask behind a history is where a last item was masked in
 *   training, however long the history;
 * - embedding and output layer end in a layer normalization (as in the published code, not in the paper);
 * - one rate of dropout for hidden values and attention; Adam without warm-up, clipping or decay unless training's
 *   options ask for decay;
 * - windows of long histories overlap by what `stride` leaves; a masked item weighs as much as its behavior
 *   (`auxiliaryTargets`), and events of one item at one time count once.
 */
import * as z from 'zod'
import { cloze } from '../../batches/extras/cloze.ts'
import { sequences } from '../../batches/sequences.ts'
import { normal } from '../../nn/init.ts'
import { layerNorm, linear } from '../../nn/linear.ts'
import { gelu } from '../../tensor/elementwise.ts'
import { concat, slice } from '../../tensor/move.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import { rows as rowsOf } from '../../tensor/rows.ts'
import { defineModel } from '../contract/model.ts'
import { paddingBias } from '../parts/attention-bias.ts'
import { itemWindows } from '../parts/item-windows.ts'
import { onesBeside } from '../parts/ones-beside.ts'
import { clozeOptions, headsDivide, sequenceOptions } from '../parts/options.ts'
import { sequenceEncoder } from '../parts/sequence-encoder.ts'

/** BERT4Rec; see the file's header. */
export const bert4rec = defineModel({
  slug: 'bert4rec',
  task: 'next-item',
  title: 'BERT4Rec',
  config: z
    .strictObject({
      ...sequenceOptions,
      ...clozeOptions,
    })
    .refine(...headsDivide('hiddenSize')),
  build({ maskShare, lastShare, ...config }, catalog) {
    const { hiddenSize, maxLength } = config
    const mask = catalog.itemCount + 1
    const items = parameter('item', [mask + 1, hiddenSize + 1], normal(), { rows: 'items' })
    const encoder = sequenceEncoder({ ...config, fromEnd: true })
    const dense = linear('output', [hiddenSize, hiddenSize], { init: normal() })
    const norm = layerNorm('output.norm', hiddenSize)
    /** What is multiplied with the table, [.., D + 1]: 1 for the bias. */
    const output = (hidden_PD: Tensor): Tensor => concat([norm(gelu(dense(hidden_PD))), onesBeside(hidden_PD)], 1)
    const windows = itemWindows({ ...config, maxLength: maxLength - 1 }, catalog)
    const masks = cloze({ mask, maskShare, lastShare, weights: windows.targetWeights })
    return {
      batches: sequences(windows).with(masks),
      history: windows,
      score: {
        kind: 'dot',
        table: slice(items, 0, 0, mask),
        bias: true,
        softmax: false,
        user({ serving, cloze: { item_BL, atMasks, target_P, weight_P } }, { noise, catalogLoss }) {
          const embedded_BLD = slice(rowsOf(items, item_BL), -1, 0, hiddenSize)
          const bias = paddingBias(item_BL)
          const hidden_PD = serving
            ? encoder.single(embedded_BLD, { bias, queryBias: bias, pick: atMasks, noise })
            : atMasks(encoder.whole(embedded_BLD, bias, noise))
          const user = output(hidden_PD)
          const softmax = () => catalogLoss({ hidden: user, table: items, targets: target_P, weights: weight_P })
          return { user, losses: () => ({ main: { weight: 1, value: softmax() } }) }
        },
      },
    }
  },
})
