/**
 * @file YoutubeNet: the mean of the history's embeddings beside user and candidate, through an MLP. Covington, Adams &
 * Sargin, RecSys 2016, as a model of clicks that Zhou et al., KDD 2018, compare DIN with. [bib: youtube-net]
 *   v = mean of e(h_1), ..., e(h_L)                          history_HL -> mean_HD
 *   logit = MLP([v, e(t), numbers of t, user, its numbers])  item_B, user_H -> logit_B
 * Symbols: D = fields * `embeddingSize`; candidates and histories share the tables. Neither paper numbers these
 * equations.
 * Differs:
 * - the candidate is an input and the output a click's logit, as in DIN's comparison; Covington et al. classify the
 *   next video among all, and rank with other features;
 * - no search tokens, example age or powers of numbers;
 * - events are embedded as for DIN, with their categorical fields and what was done: the two differ in nothing but how
 *   they pool, and in ReLU;
 * - the layers begin with 128 in place of 1024, of which each has half of the one before, as in the paper.
 */
import * as z from 'zod'
import { type Impressions, impressions } from '../../batches/impressions.ts'
import { mlp } from '../../nn/mlp.ts'
import { concat } from '../../tensor/move.ts'
import { dims } from '../../tensor/shape.ts'
import { defineModel } from '../contract/model.ts'
import { dropout, embeddingSize, hiddenSize, layers } from '../parts/click-options.ts'
import { halvedSizes } from '../parts/click-output.ts'
import { embeddedFields, meanOfHistory, withNumbers } from '../parts/field-embeddings.ts'
import { maxEvents } from '../parts/options.ts'

/** YoutubeNet; see the file's header. */
export const youtubeNet = defineModel({
  slug: 'youtube-net',
  task: 'clicks',
  title: 'YoutubeNet',
  config: z.strictObject({
    embeddingSize,
    hiddenSize: hiddenSize.describe('width of the first hidden layer; each further layer has half of it'),
    layers,
    dropout,
    maxLength: maxEvents,
  }),
  build({ embeddingSize, hiddenSize, layers, dropout, maxLength }, catalog) {
    const items = embeddedFields(catalog, 'item', embeddingSize)
    const users = withNumbers(catalog, 'user', embeddedFields(catalog, 'user', embeddingSize))
    const candidates = withNumbers(catalog, 'item', items)
    const meanOf = meanOfHistory(catalog, items)
    const width = items.width + candidates.width + users.width
    const output = mlp('output', [width, ...halvedSizes(hiddenSize, layers), 1], { dropout })
    return {
      batches: impressions(maxLength),
      history: { maxLength, mergeBehaviors: true },
      score: {
        kind: 'clicks',
        forward(batch: Impressions, { noise }) {
          const { rows, user_H, item_B } = batch
          const user_HD = concat([meanOf(batch), users.read(user_H)], 1)
          const [, width] = dims(user_HD, 2)
          const all_BD = concat([user_HD.expand([rows, width]), candidates.read(item_B)], 1)
          return { logit_B: output(all_BD, noise).sum([1]) }
        },
      },
    }
  },
})
