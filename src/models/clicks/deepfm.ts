/**
 * @file DeepFM: a factorization machine and an MLP over the same vectors.
 * Guo, Tang, Ye, Li & He, IJCAI 2017. [bib: deepfm]
 *   (1)  y = sigmoid(y_FM + y_DNN)                                    -> logit_B
 *   (2)  y_FM = <w, x> + sum_i<j <V_i, V_j> x_i x_j                   user_H, history_HL, item_B -> [B]
 *   (3)  a_0 = [e_1, ..., e_m], the vectors V_i x_i of all fields     -> fields_BF
 *   (4)  a_l+1 = ReLU(W_l a_l + b_l), and y_DNN is affine in the last -> [B]
 * Symbols: D = `embeddingSize` = k; row i of a table is [w_i, V_i], F = m D.
 * Differs:
 * - the history is one more field, whose row is the mean of its events' rows in the table of the candidates' ids; the
 *   paper's fields have one value each;
 * - hidden layers of 128 in place of 400, without dropout by default.
 */
import * as z from 'zod'
import { type Impressions, impressions } from '../../batches/impressions.ts'
import { mlp } from '../../nn/mlp.ts'
import { concat } from '../../tensor/move.ts'
import { dims } from '../../tensor/shape.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { defineModel } from '../contract/model.ts'
import { dropout, embeddingSize, hiddenSize, layers } from '../parts/click-options.ts'
import { factorized } from '../parts/factorization.ts'
import { meanOverHistory } from '../parts/mean-over-history.ts'
import { maxEvents } from '../parts/options.ts'
import { vectorsOfFields, weightedFields } from '../parts/weighted-fields.ts'

/** DeepFM; see the file's header. */
export const deepfm = defineModel({
  slug: 'deepfm',
  task: 'clicks',
  title: 'DeepFM',
  config: z.strictObject({
    embeddingSize,
    hiddenSize: hiddenSize.describe('width of every hidden layer'),
    layers,
    dropout,
    maxLength: maxEvents,
  }),
  build({ embeddingSize, hiddenSize, layers, dropout, maxLength }, catalog) {
    const width = 1 + embeddingSize
    const [items, users] = [weightedFields(catalog, 'item', width), weightedFields(catalog, 'user', width)]
    const hidden = Array.from({ length: layers }, () => hiddenSize)
    const deep = mlp('deep', [fieldCount(catalog) * embeddingSize, ...hidden, 1], { dropout })
    return {
      batches: impressions(maxLength),
      history: { maxLength, mergeBehaviors: true },
      score: {
        kind: 'clicks',
        forward({ rows, user_H, item_B, history_HL, mask_HL }: Impressions, { noise }) {
          const known = users.of(user_H)
          const user = { ...known, rows: [...known.rows, meanOverHistory(items.ids(history_HL), mask_HL)] }
          const item = items.of(item_B)
          const vectors_HF = vectorsOfFields(user)
          const [, width] = dims(vectors_HF, 2)
          const fields_BF = concat([vectors_HF.expand([rows, width]), vectorsOfFields(item)], 1)
          return { logit_B: factorized(user, item).add(deep(fields_BF, noise).sum([1])) }
        },
      },
    }
  },
})

/** m: the ids of user and candidate, the history, and every categorical and numeric field. */
function fieldCount({ fields, userFields, itemNumbers, userNumbers }: CatalogShape): number {
  return 3 + Object.keys(fields).length + Object.keys(userFields).length + itemNumbers + userNumbers
}
