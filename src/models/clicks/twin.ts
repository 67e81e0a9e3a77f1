/**
 * @file TWIN: a search and an attention that score events alike.
 * Chang et al., TWo-stage Interest Network, KDD 2023. [bib: twin]
 *        a_l = (h_l W_k) . (t W_q) / sqrt(d) + b . h_l    history_HLD, target_BD -> scores of every head
 *        general unit: the k events with the largest a_l
 *        exact unit: head = softmax(a over the k) h W_v   long = [heads] W_o
 *        short = MHTA(t; the last n h_l)                  v = [long, short] -> interest_B(2D)
 * Symbols: k = `topItems`, n = `recentItems`, W_k = W^h, W_q = W^q, b h = (K_c W^c) beta, the bias of the user-item
 * cross features; one set of weights for both units of the long half.
 * Differs:
 * - an event comes as one vector, the item's fields plus what was done to it: no cross features stand apart in it, so
 *   the bias is a linear map of the whole event, in which the behavior has its share;
 * - a candidate's search averages scores over the heads, which is neither the paper's nor FuxiCTR's: in the paper the
 *   heads take turns, each with its own best, until 100 different events are found; in FuxiCTR each head keeps its own.
 *   The mean drops an event that one head alone scores high;
 * - the short half is attention to the last events as ETA has it; in the paper's system TWIN stands beside a model of
 *   its own of the last 50 events, and FuxiCTR joins two attentions as we do;
 * - 50 events or so in place of 10,000 to 100,000, of which the paper keeps 100 and FuxiCTR 50, as we do: of histories
 *   that are no longer all is kept, and the search begins to tell where `maxLength` is larger;
 * - attention is as wide as an embedded event, where FuxiCTR has 64; its 4 heads are the paper's;
 * - nothing is cached between requests: projections are folded into the candidate, which spares projecting any event
 *   (folded-attention.ts);
 * - of equal scores the later event is kept; what is not kept is masked, not gathered away: histories are short here.
 */

import { dims } from '../../tensor/shape.ts'
import { headsOf, recentItems, topItemsOf } from '../parts/click-options.ts'
import { asQueries, foldedAttention, keepLargest } from '../parts/folded-attention.ts'
import { recentAttention } from '../parts/recent-attention.ts'
import { defineBackbone } from './backbone.ts'
import { backboneModel } from './backbone-model.ts'

/** TWIN as a behavior model; see the file's header. */
export const twinBackbone = defineBackbone({
  slug: 'twin',
  title: 'TWIN',
  options: { heads: headsOf(4), topItems: topItemsOf(50), recentItems },
  build(name, { heads, topItems, recentItems }, width) {
    const twins = foldedAttention(`${name}.attention`, { width, heads, biased: true })
    const recent = recentAttention(`${name}.short`, { width, heads, recentItems })
    return {
      width: recent.width,
      read({ history, target, mask }) {
        const [histories, length] = dims(mask, 2)
        const [rows] = dims(target, 2)
        const inputs = { query: asQueries(target, histories), memory: history }
        const { output, weights } = twins.attend({ ...inputs, keep: keepLargest(twins.scores(inputs), mask, topItems) })
        return { interest: recent.join(output, inputs, mask), weights: weights.reshape([rows, length]) }
      },
    }
  },
})

/** TWIN alone. */
export const twin = backboneModel(twinBackbone)
