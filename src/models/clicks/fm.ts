/**
 * @file FM: a weight for everything that is known, and for each pair of it the product of two vectors.
 * Rendle, ICDM 2010. [bib: fm]
 *   (1)  y = w0 + sum_i w_i x_i + sum_i<j <v_i, v_j> x_i x_j               user_H, history_HL, item_B -> logit_B
 *   (L3.1)  sum_i<j <v_i, v_j> x_i x_j = (|sum_i v_i x_i|^2 - sum_i |v_i x_i|^2) / 2     in linear time
 * Symbols: D = `embeddingSize` = k; row i of a table is [w_i, v_i]; x as in LR.
 * Differs:
 * - Adam on the log loss in place of stochastic gradient descent; no regularization but the training's `weightDecay`;
 * - the history is one field, whose row is the mean of its events' rows: pairs of two events do not count;
 * - the vectors begin with a deviation of 0.01, and so do the weights.
 */
import * as z from 'zod'
import { type Impressions, impressions } from '../../batches/impressions.ts'
import { zeros } from '../../nn/init.ts'
import { parameter } from '../../tensor/node.ts'
import { defineModel } from '../contract/model.ts'
import { embeddingSize, history } from '../parts/click-options.ts'
import { factorized } from '../parts/factorization.ts'
import { smallRows } from '../parts/field-embeddings.ts'
import { meanOverHistory } from '../parts/mean-over-history.ts'
import { maxEvents } from '../parts/options.ts'
import { weightedFields } from '../parts/weighted-fields.ts'

/** FM; see the file's header. */
export const fm = defineModel({
  slug: 'fm',
  task: 'clicks',
  title: 'FM',
  config: z.strictObject({ embeddingSize, history, maxLength: maxEvents }),
  build({ embeddingSize, history, maxLength }, catalog) {
    const width = 1 + embeddingSize
    const [items, users] = [weightedFields(catalog, 'item', width), weightedFields(catalog, 'user', width)]
    // What was done to an item before has a weight and a vector of its own, apart from those of the candidate.
    const events = parameter('field.history', [catalog.itemRows, width], smallRows)
    const bias = parameter('bias', [1], zeros)
    const length = history ? maxLength : 0
    return {
      batches: impressions(length),
      history: { maxLength: length, mergeBehaviors: true },
      score: {
        kind: 'clicks',
        forward({ user_H, item_B, history_HL, mask_HL }: Impressions) {
          const user = users.of(user_H)
          const past = history ? [meanOverHistory(items.ids(history_HL, events), mask_HL)] : []
          return { logit_B: factorized({ ...user, rows: [...user.rows, ...past] }, items.of(item_B)).add(bias) }
        },
      },
    }
  },
})
