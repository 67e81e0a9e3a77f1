/**
 * @file LR: logistic regression, a weight for everything that is known. McMahan et al., KDD 2013. [bib: lr]
 *   (1)  p = sigmoid(w . x)      user_H, history_HL -> weight_H1, item_B -> weight_B1, their sum -> logit_B
 * Symbols: x is 1 for the value that each categorical field has, 1 / events for each event of the history, and the number of each numeric field.
 * Differs:
 * - plain Adam over mini-batches, and weights that begin near 0 and stay dense, in place of FTRL-Proximal with its sparsity (L1) and its rate
 *   for each coordinate, which Adam has in its own way;
 * - a bias, which the paper's x holds as a feature; no hashed, crossed or subsampled features, and no calibration layer.
 */
import * as z from 'zod'
import { normal, zeros } from '../../nn/init.ts'
import { add, addAll } from '../../tensor/elementwise.ts'
import { reshape } from '../../tensor/move.ts'
import { parameter } from '../../tensor/node.ts'
import { defineClickModel } from '../contract/click-model.ts'
import { meanOverHistory } from '../parts/mean-over-history.ts'
import { sumOfFields, weightedFields } from '../parts/weighted-fields.ts'
import { history, maxLength } from './click-options.ts'

/** LR; see the file's header. */
export const logisticRegression = defineClickModel({
  slug: 'lr',
  task: 'click',
  title: 'LR',
  config: z.strictObject({ history, maxLength }),
  build({ history, maxLength }, shape) {
    const [items, users] = [weightedFields(shape, 'item', 1), weightedFields(shape, 'user', 1)]
    // What was done to an item before has a weight of its own, apart from that of the candidate.
    const events = parameter('field.history', [shape.itemRows, 1], normal(0.01))
    const bias = parameter('bias', [1], zeros)
    return {
      maxLength: history ? maxLength : 0,
      forward({ user_H, item_B, history_HL, mask_HL }) {
        const past = history ? [meanOverHistory(items.ids(history_HL, events), mask_HL)] : []
        const user_H1 = addAll([sumOfFields(users.of(user_H)), ...past])
        return { logit_B: add(reshape(add(user_H1, sumOfFields(items.of(item_B))), [-1]), bias) }
      },
    }
  },
})
