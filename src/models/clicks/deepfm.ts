/**
 * @file DeepFM: a factorization machine and an MLP over the same vectors. Guo, Tang, Ye, Li & He, IJCAI 2017. [bib: deepfm]
 *   (1)  y = sigmoid(y_FM + y_DNN)                                    -> logit_B
 *   (2)  y_FM = <w, x> + sum_i<j <V_i, V_j> x_i x_j                   user_H, history_HL, item_B -> [B]
 *   (3)  a_0 = [e_1, ..., e_m], the vectors V_i x_i of all fields     -> fields_BF
 *   (4)  a_l+1 = ReLU(W_l a_l + b_l), and y_DNN is affine in the last -> [B]
 * Symbols: D = `embeddingSize` = k; row i of a table is [w_i, V_i], F = m D.
 * Differs:
 * - the history is one more field, whose row is the mean of its events' rows in the table of the candidates' ids; the paper's fields have one
 *   value each;
 * - hidden layers of 128 in place of 400, without dropout by default.
 */
import * as z from 'zod'
import { mlp } from '../../nn/mlp.ts'
import { add } from '../../tensor/elementwise.ts'
import { concat, expand } from '../../tensor/move.ts'
import { sum } from '../../tensor/reduce.ts'
import { type ClickShape, defineClickModel } from '../contract/click-model.ts'
import { factorized } from '../parts/factorization.ts'
import { meanOverHistory } from '../parts/mean-over-history.ts'
import { vectorsOfFields, weightedFields } from '../parts/weighted-fields.ts'
import { dropout, embeddingSize, hiddenSize, layers, maxLength } from './click-options.ts'

/** DeepFM; see the file's header. */
export const deepfm = defineClickModel({
  slug: 'deepfm',
  task: 'click',
  title: 'DeepFM',
  config: z.strictObject({
    embeddingSize,
    hiddenSize: hiddenSize.describe('width of every hidden layer'),
    layers,
    dropout,
    maxLength,
  }),
  build({ embeddingSize, hiddenSize, layers, dropout, maxLength }, shape) {
    const [items, users] = [
      weightedFields(shape, 'item', 1 + embeddingSize),
      weightedFields(shape, 'user', 1 + embeddingSize),
    ]
    const hidden = Array.from({ length: layers }, () => hiddenSize)
    const deep = mlp('deep', [fieldCount(shape) * embeddingSize, ...hidden, 1], { dropout })
    return {
      maxLength,
      forward({ rows, user_H, item_B, history_HL, mask_HL }, noise) {
        const known = users.of(user_H)
        const user = { ...known, rows: [...known.rows, meanOverHistory(items.ids(history_HL), mask_HL)] }
        const item = items.of(item_B)
        const vectors_HF = vectorsOfFields(user)
        const fields_BF = concat([expand(vectors_HF, [rows, vectors_HF.shape[1] as number]), vectorsOfFields(item)], 1)
        return { logit_B: add(factorized(user, item), sum(deep(fields_BF, noise), [1])) }
      },
    }
  },
})

/** m: the ids of user and candidate, the history, and every categorical and numeric field. */
function fieldCount({ fields, userFields, itemNumbers, userNumbers }: ClickShape): number {
  return 3 + Object.keys(fields).length + Object.keys(userFields).length + itemNumbers + userNumbers
}
