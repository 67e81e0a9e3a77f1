/**
 * @file BERT4Rec: a bidirectional Transformer that fills in masked items. Sun, Liu, Wu, Pei, Lin, Ou & Jiang, CIKM 2019. [bib: bert4rec]
 *   (6)    H = M[s] + P, some of s being [MASK]         history_BL -> hidden_BLD
 *   (1-5)  H = blocks(H), every position seeing all     hidden_BLD -> hidden_BLD
 *   (7)    P(v) = softmax(norm(GELU(h W + b)) . M^T + c) at each mask, hidden_MD -> scores_MV
 *   (8)    the mean of -log P(masked item)
 * To predict what comes next, [MASK] is put behind a history, so that L places hold the last L - 1 items. A row of the item table is wider by one,
 * the item's bias c; its last row is [MASK], a candidate while training as in the published code, and never when serving.
 * As published: the number of masks is a share of a window's length, rounded, at least one, every masked item becomes [MASK], and one window in eleven
 * has its last item alone masked. Only masked places reach the output layer.
 * It wants to be trained for long: Petrov & Macdonald (RecSys 2022) found that papers disagree on whether BERT4Rec is better than SASRec, since the
 * published code stops far too early by default and needs up to thirty times that training to give the published figures. A window teaches a few
 * masks a pass where SASRec learns from every position: allow `epochs` in the hundreds and a `patience` of 40 or more.
 * Differs:
 * - masks are drawn anew at every step instead of ten fixed copies of the data, and `lastShare` is a chance, 0.1 by default;
 * - positions are counted from a window's end, so that the mask behind a history is where a last item was masked in training, however long the
 *   history;
 * - embedding and output layer end in a layer normalization (as in the published code, not in the paper);
 * - one rate of dropout for hidden values and attention; Adam without warm-up, clipping or decay unless training's options ask for decay;
 * - windows of long histories overlap by what `stride` leaves; a masked item weighs as much as its behavior (`auxiliaryTargets`), and events of
 *   one item at one time count once.
 */
import * as z from 'zod'
import type { Window } from '../../batches/windows.ts'
import { Bug } from '../../errors.ts'
import { normal } from '../../nn/init.ts'
import { layerNorm, linear } from '../../nn/linear.ts'
import { noNoise } from '../../nn/noise.ts'
import { crossEntropy } from '../../tensor/cross-entropy.ts'
import { gelu } from '../../tensor/elementwise.ts'
import { gather, selectRows } from '../../tensor/gather.ts'
import { concat, reshape, slice } from '../../tensor/move.ts'
import { constant, input, parameter, type Tensor } from '../../tensor/node.ts'
import { type BatchShape, defineModel } from '../contract/model.ts'
import { paddingBias } from '../parts/causal-bias.ts'
import { type FilledWindow, fillSequence, sequenceWindows, targetInputs } from '../parts/fill-sequence.ts'
import { sequenceEncoder } from '../parts/sequence-encoder.ts'
import { asked, maskCount, masked } from './cloze.ts'
import { sasrecOptions } from './sasrec.ts'

/** Hyper-parameters of BERT4Rec. */
const bert4recConfig = z
  .strictObject({
    ...sasrecOptions,
    maxLength: z
      .int()
      .min(2)
      .max(1000)
      .default(50)
      .describe('L, how many of the last items are read, the mask behind them among them'),
    dropout: sasrecOptions.dropout.default(0.2),
    maskShare: z.number().min(0.01).max(0.95).default(0.2).describe('share of a window’s items that are masked'),
    lastShare: z.number().min(0).max(1).default(0.1).describe('share of the windows whose last item alone is masked'),
    auxiliaryTargets: sasrecOptions.auxiliaryTargets.describe(
      'weight of a masked event of another behavior than the target',
    ),
  })
  .refine(({ heads, hiddenSize }) => hiddenSize % heads === 0, { path: ['heads'], message: 'must divide hiddenSize' })

/** BERT4Rec; see the file's header. */
export const bert4rec = defineModel({
  slug: 'bert4rec',
  task: 'next-item',
  title: 'BERT4Rec',
  config: bert4recConfig,
  build({ maskShare, lastShare, ...config }, catalog) {
    const { hiddenSize, maxLength } = config
    const mask = catalog.itemCount + 1
    const items = parameter('item', [mask + 1, hiddenSize + 1], normal())
    const encoder = sequenceEncoder({ ...config, fromEnd: true }, (ids) => slice(gather(items, ids), -1, 0, hiddenSize))
    const dense = linear('output', [hiddenSize, hiddenSize], { init: normal() })
    const norm = layerNorm('output.norm', hiddenSize)
    /** What is multiplied with the table, [.., D + 1]: 1 for the bias. */
    const output = (hidden_MD: Tensor): Tensor => {
      const rows = hidden_MD.shape[0] as number
      return concat([norm(gelu(dense(hidden_MD))), constant(new Float32Array(rows).fill(1), [rows, 1])], 1)
    }
    const windows = sequenceWindows({ ...config, maxLength: maxLength - 1 }, catalog)
    const cloze = { mask, maskShare, lastShare, weights: windows.targetWeights }
    /** A window has one place more than events before its last, and of a batch's targets only the masked ones. */
    const clozeShape = ({ rows, length, targets }: BatchShape): BatchShape => {
      return { rows, length: length + 1, targets: targets === 0 ? 0 : rows * maskCount(length + 1, maskShare) }
    }

    return {
      windows,
      table: () => slice(items, 0, 0, mask),
      train(shape, noise) {
        const inputs = targetInputs(clozeShape(shape))
        const { history, sources, sourcesInverse, targets, weights } = inputs
        const hidden_MD = selectRows(encoder.whole(history, paddingBias(history), noise), sources, sourcesInverse)
        return { inputs, loss: crossEntropy({ hidden: output(hidden_MD), table: items, targets, weights }), parts: {} }
      },
      serve(shape) {
        const { rows, length } = clozeShape(shape)
        const history = input('history', [rows, length], 'int64')
        const bias = paddingBias(history)
        const pick = (x: Tensor): Tensor => slice(reshape(x, [rows, length, hiddenSize]), 1, length - 1, length)
        return {
          inputs: { history },
          user: output(encoder.single(history, { bias, queryBias: bias, pick, noise: noNoise })),
          reasons: {},
        }
      },
      fill(given, shape, buffers, random) {
        const whole = clozeShape(shape)
        const seen = (window: Window): FilledWindow => {
          if (whole.targets === 0) return asked(window, cloze, whole.length)
          if (!random) throw new Bug('masks are drawn from the random stream of a step')
          return masked(window, cloze, whole.length, random)
        }
        fillSequence(given.map(seen), whole, buffers)
      },
    }
  },
})
