/**
 * @file YoutubeNet: the mean of the history's embeddings beside user and candidate, through an MLP. Covington, Adams & Sargin, RecSys 2016, as a
 * model of clicks that Zhou et al., KDD 2018, compare DIN with. [bib: youtube-net]
 *   v = mean of e(h_1), ..., e(h_L)                          history_HL -> mean_HD
 *   logit = MLP([v, e(t), numbers of t, user, its numbers])  item_B, user_H -> logit_B
 * Symbols: D = fields * `embeddingSize`; candidates and histories share the tables. Neither paper numbers these equations.
 * Differs:
 * - the candidate is an input and the output a click's logit, as in DIN's comparison; Covington et al. classify the next video among all, and
 *   rank with other features;
 * - no search tokens, example age or powers of numbers;
 * - events are embedded as for DIN, with their categorical fields and what was done: the two differ in nothing but how they pool, and in ReLU;
 * - the layers begin with 128 in place of 1024, of which each has half of the one before, as in the paper.
 */
import * as z from 'zod'
import { mlp } from '../../nn/mlp.ts'
import { concat, expand } from '../../tensor/move.ts'
import { sum } from '../../tensor/reduce.ts'
import { defineClickModel } from '../contract/click-model.ts'
import { embeddedFields, embeddedHistory, withNumbers } from '../parts/field-embeddings.ts'
import { meanOverHistory } from '../parts/mean-over-history.ts'
import { dropout, embeddingSize, hiddenSize, layers, maxLength } from './click-options.ts'

/** YoutubeNet; see the file's header. */
export const youtubeNet = defineClickModel({
  slug: 'youtube-net',
  task: 'click',
  title: 'YoutubeNet',
  config: z.strictObject({
    embeddingSize,
    hiddenSize: hiddenSize.describe('width of the first hidden layer; each further one has half'),
    layers,
    dropout,
    maxLength,
  }),
  build({ embeddingSize, hiddenSize, layers, dropout, maxLength }, shape) {
    const items = embeddedFields(shape, 'item', embeddingSize)
    const users = withNumbers(shape, 'user', embeddedFields(shape, 'user', embeddingSize))
    const candidates = withNumbers(shape, 'item', items)
    const embed = embeddedHistory(shape, items)
    const hidden = Array.from({ length: layers }, (_, layer) => Math.max(1, hiddenSize >> layer))
    const output = mlp('output', [items.width + candidates.width + users.width, ...hidden, 1], { dropout })
    return {
      maxLength,
      forward({ rows, user_H, item_B, history_HL, behavior_HL, mask_HL }, noise) {
        const user_HD = concat([meanOverHistory(embed(history_HL, behavior_HL), mask_HL), users(user_H)], 1)
        const all_BD = concat([expand(user_HD, [rows, user_HD.shape[1] as number]), candidates(item_B)], 1)
        return { logit_B: sum(output(all_BD, noise), [1]) }
      },
    }
  },
})
