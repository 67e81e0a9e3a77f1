/**
 * @file LR: logistic regression, a weight for everything that is known. McMahan et al., KDD 2013. [bib: lr]
 *   (1)  p = sigmoid(w . x)      user_H, history_HL -> weight_H1, item_B -> weight_B1, their sum -> logit_B
 * Symbols: x is 1 for the value that each categorical field has, 1 / events for each event of the history, and the
 * number of each numeric field.
 * Differs:
 * - plain Adam over mini-batches, and weights that begin near 0 and stay dense, in place of FTRL-Proximal with its
 *   sparsity (L1) and its rate for each coordinate, which Adam has in its own way;
 * - a bias, which the paper's x holds as a feature; no hashed, crossed or subsampled features, and no calibration
 *   layer.
 */
import * as z from 'zod'
import { type Impressions, impressions } from '../../batches/impressions.ts'
import { zeros } from '../../nn/init.ts'
import { add, addAll } from '../../tensor/elementwise.ts'
import { parameter } from '../../tensor/node.ts'
import { defineModel } from '../contract/model.ts'
import { history } from '../parts/click-options.ts'
import { smallRows } from '../parts/field-embeddings.ts'
import { meanOverHistory } from '../parts/mean-over-history.ts'
import { maxEvents } from '../parts/options.ts'
import { sumOfFields, weightedFields } from '../parts/weighted-fields.ts'

/** LR; see the file's header. */
export const lr = defineModel({
  slug: 'lr',
  task: 'clicks',
  title: 'LR',
  config: z.strictObject({ history, maxLength: maxEvents }),
  build({ history, maxLength }, catalog) {
    const [items, users] = [weightedFields(catalog, 'item', 1), weightedFields(catalog, 'user', 1)]
    // What was done to an item before has a weight of its own, apart from that of the candidate.
    const events = parameter('field.history', [catalog.itemRows, 1], smallRows)
    const bias = parameter('bias', [1], zeros)
    const length = history ? maxLength : 0
    return {
      batches: impressions(length),
      history: { maxLength: length, mergeBehaviors: true },
      score: {
        kind: 'clicks',
        forward({ user_H, item_B, history_HL, mask_HL }: Impressions) {
          const past = history ? [meanOverHistory(items.ids(history_HL, events), mask_HL)] : []
          const user_H1 = addAll([sumOfFields(users.of(user_H)), ...past])
          return { logit_B: add(add(user_H1, sumOfFields(items.of(item_B))).reshape([-1]), bias) }
        },
      },
    }
  },
})
