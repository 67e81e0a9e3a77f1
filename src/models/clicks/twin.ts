/**
 * @file TWIN: a search and an attention that score events alike.
 * Chang et al., TWo-stage Interest Network, KDD 2023. [bib: twin]
 *        a_l = (h_l W_k) . (t W_q) / sqrt(d) + b . h_l    history_HLD, target_BD -> scores of every head
 *        general unit: the k events with the largest a_l
 *        exact unit: head = softmax(a over the k) h W_v   v = [heads] W_o -> interest_BD
 * Symbols: k = `topItems`, W_k = W^h, W_q = W^q, b h = (K_c W^c) beta, the bias of the user-item cross features; one
 * set of weights for both units.
 * Differs:
 * - an event comes as one vector, the item's fields plus what was done to it: no cross features stand apart in it, so
 *   the bias is a linear map of the whole event, in which the behavior has its share;
 * - a candidate's search averages scores over the heads: each event is kept by all heads or by none;
 * - 50 events or so in place of 10,000 to 100,000, of which the paper keeps 100;
 * - nothing is cached between requests: projections are folded into the candidate, which spares projecting any event
 *   (folded-attention.ts);
 * - of equal scores the later event is kept; what is not kept is masked, not gathered away: histories are short here.
 */

import { dims } from '../../tensor/shape.ts'
import { heads, topItems } from '../parts/click-options.ts'
import { asQueries, foldedAttention, keepLargest } from '../parts/folded-attention.ts'
import { defineBackbone } from './backbone.ts'
import { backboneModel } from './backbone-model.ts'

/** TWIN as a behavior model; see the file's header. */
export const twinBackbone = defineBackbone({
  slug: 'twin',
  title: 'TWIN',
  options: { heads, topItems },
  build(name, { heads, topItems }, width) {
    const twins = foldedAttention(`${name}.attention`, { width, heads, biased: true })
    return {
      width,
      read({ history, target, mask }) {
        const [histories, length] = dims(mask, 2)
        const [rows] = dims(target, 2)
        const inputs = { query: asQueries(target, histories), memory: history }
        const { output, weights } = twins.attend({ ...inputs, keep: keepLargest(twins.scores(inputs), mask, topItems) })
        return { interest: output.reshape([rows, width]), weights: weights.reshape([rows, length]) }
      },
    }
  },
})

/** TWIN alone. */
export const twin = backboneModel(twinBackbone)
