/**
 * @file MB-STR: a bidirectional Transformer over events of all behaviors that fills in masked items; each pair of
 * behaviors has an attention of its own. Yuan et al., SIGIR 2022. [bib: mb-str]
 *   (1) X = E[s], some of s being [MASK]; no position is added      item_BL -> x_BLD
 *   (2) q, k, v = X W^q_b, X W^k_b, X W^v_b by each place's behavior b
 *   (3) M_ac = sum_n softmax(alpha_ac)_n W_n, N_ac alike, of every ordered pair of behaviors and every head
 *   (4) A_ij = q_i M_ac k_j / sqrt(dk) + R_ac[bucket(j - i)], a the behavior of i and c that of j
 *   (5) out_i = sum_j softmax(A)_ij v_j N_ac, heads side by side    x_BLD -> out_BLD
 *   (6) X = LN(X + out), X = LN(X + relu(X W_b + c_b) W'_b + c'_b)
 *   (7) o = sum_e g_e (x W_e + b_e) at a mask, over shared experts and one of its behavior; g = softmax(x G_b)
 *   (8) y = x + LN(o), scores y . E                                 user_PD -> scores_PV
 *   (9) the mean of -log softmax(y . E)[masked item]
 * To predict what comes next, [MASK] with the target behavior is put behind a history, so that L places hold the last
 * L - 1 events. The last row of E is [MASK], which is no candidate. Numbers of equations are ours: the abstract and the
 * published code were read, not the paper.
 * Differs:
 * - other events of a masked item leave its window where they give it away: a click at the time of a masked favorite
 *   and, where items once touched are no candidates, all of them; `keepTwins` keeps them, as published;
 * - a window has as many masks as its share says, rounded, at least one, where the code has a coin for each event; by
 *   default one window in ten has its last event alone masked, as BERT4Rec's;
 * - windows are those of `stride`; the code has one a user and epoch, the last L events or, one time in five, others;
 * - the pad is no class, and there is one [MASK], where the code has rows for K and reads one of them;
 * - D is 64, not 16; a masked event may weigh as its behavior says (`auxiliaryTargets`);
 * - Adam without the code's L2 of 1e-6, unless training's options ask for decay;
 * - validation and test are apart: the code reports what it stopped by;
 * - of one behavior there is one attention without M and N, and one feed-forward layer, as in the code.
 */
import * as z from 'zod'
import { cloze } from '../../../batches/extras/cloze.ts'
import { sequences } from '../../../batches/sequences.ts'
import { normal } from '../../../nn/init.ts'
import { layerNorm, linear } from '../../../nn/linear.ts'
import { equal } from '../../../tensor/compare.ts'
import { cast, concat, slice } from '../../../tensor/move.ts'
import { integers, parameter, type Tensor } from '../../../tensor/node.ts'
import { rows as rowsOf } from '../../../tensor/rows.ts'
import { defineModel } from '../../contract/model.ts'
import { paddingBias } from '../../parts/attention-bias.ts'
import { itemWindows } from '../../parts/item-windows.ts'
import { onesBeside } from '../../parts/ones-beside.ts'
import { clozeOptions, flag, headsDivide, sequenceOptions } from '../../parts/options.ts'
import { explainEvents } from '../explain-events.ts'
import { behaviorFeedForward } from './behavior-layers.ts'
import { expertHead } from './expert-head.ts'
import { pairAttention } from './pair-attention.ts'

const config = z
  .strictObject({
    ...sequenceOptions,
    ...clozeOptions,
    maxLength: clozeOptions.maxLength.describe(
      'length of the input (L): the last L - 1 events and the mask that stands for the next one',
    ),
    sharedExperts: z
      .int()
      .min(1)
      .max(16)
      .default(3)
      .describe('experts of the output that all behaviors share, beside the one that each behavior has'),
    keepTwins: flag(
      'let a window keep the other events of a masked item while training, as the published code does; they give it away',
    ),
    withoutPairs: flag('let all behaviors share projections, attention and feed-forward layers'),
    withoutDistances: flag('leave out the bias of distances, and with it all order'),
    withoutExperts: flag('end in one layer for all behaviors, and a bias of each item, instead of experts'),
  })
  .refine(...headsDivide('hiddenSize'))
type Config = z.infer<typeof config>

/** MB-STR; see the file's header. */
export const mbStr = defineModel({
  slug: 'mb-str',
  task: 'next-item',
  title: 'MB-STR',
  config,
  build(config, catalog) {
    const { hiddenSize, maxLength, dropout, maskShare, lastShare, withoutExperts, keepTwins } = config
    const mask = catalog.itemCount + 1
    const kinds = catalog.behaviors.length
    const items = parameter('item', [mask + 1, hiddenSize + (withoutExperts ? 1 : 0)], normal(), { rows: 'items' })
    const candidates = slice(items, 0, 0, mask)
    const layers = Array.from({ length: config.layers }, (_, at) => layerOf(`block${at}`, config, kinds))
    const head = headOf(config, kinds)
    const windows = { ...itemWindows({ ...config, maxLength: maxLength - 1 }, catalog), mergeBehaviors: false }
    const asks = catalog.target
    const masks = cloze({ mask, maskShare, lastShare, weights: windows.targetWeights, asks, hideTwins: !keepTwins })
    return {
      batches: sequences(windows).with(masks),
      history: windows,
      score: {
        kind: 'dot',
        table: candidates,
        bias: withoutExperts,
        softmax: false,
        user({ serving, cloze: { item_BL, behavior_BL, length, atMasks, target_P, weight_P } }, pass) {
          const { noise } = pass
          const behavior_BLK = oneHot(behavior_BL, kinds)
          const embedded_BLD = slice(rowsOf(items, item_BL), -1, 0, hiddenSize)
          const entered = { hidden_BLD: noise.dropout(embedded_BLD, dropout), behavior_BLK }
          const bias = paddingBias(item_BL).reshape([item_BL.shape[0] as number, 1, length])
          const memory = layers
            .slice(0, -1)
            .reduce((tokens, layer) => layer({ query: tokens, memory: tokens, bias, noise }).tokens, entered)
          const behavior_PK = atMasks(behavior_BLK)
          // A served history is read at its mask alone.
          const query = serving
            ? { hidden_BLD: atMasks(memory.hidden_BLD).unsqueeze(1), behavior_BLK: behavior_PK.unsqueeze(1) }
            : memory
          const { tokens, weights } = (layers.at(-1) as Layer)({ query, memory, bias, noise })
          const masked_PD = serving ? tokens.hidden_BLD.reshape([-1, hiddenSize]) : atMasks(tokens.hidden_BLD)
          const user = head(masked_PD, behavior_PK)
          const softmax = () =>
            pass.catalogLoss({ hidden: user, table: candidates, targets: target_P, weights: weight_P })
          return {
            user,
            ...(serving && { reasons: { events: weights.mean([0]).reshape([-1, length]) } }),
            losses: () => ({ main: { weight: 1, value: softmax() } }),
          }
        },
      },
      explain(history, items, { events = new Float32Array(0) }) {
        // The last place is the mask itself.
        const counted = [...events].slice(-1 - history.item.length, -1)
        return explainEvents(catalog.behaviors, history, items, counted)
      },
    }
  },
})

/** [B, L] -> [B, L, K]: 1 at each place's behavior, zeros at padding. */
const oneHot = (behavior_BL: Tensor, kinds: number): Tensor =>
  cast(equal(behavior_BL.unsqueeze(-1), integers(Array.from({ length: kinds }, (_, at) => at + 1))), 'float32')

type Layer = ReturnType<typeof layerOf>

/** (2-6), with dropout; parameters `NAME.attention.*`, `NAME.feedForward.*`, `NAME.norm1` and `NAME.norm2`. */
function layerOf(name: string, { hiddenSize: width, heads, dropout, ...config }: Config, kinds: number) {
  const byPair = !config.withoutPairs && kinds > 1
  const sizes = { width, heads, dropout, kinds, byPair, byDistance: !config.withoutDistances }
  const attend = pairAttention(`${name}.attention`, sizes)
  const forward = behaviorFeedForward(`${name}.feedForward`, { width, kinds: byPair ? kinds : 1, dropout })
  const [norm1, norm2] = [layerNorm(`${name}.norm1`, width), layerNorm(`${name}.norm2`, width)]
  return (attending: Parameters<typeof attend>[0]) => {
    const { query, noise } = attending
    const drop = (x: Tensor): Tensor => noise.dropout(x, dropout)
    const { output, weights } = attend(attending)
    const attended = { ...query, hidden_BLD: norm1(query.hidden_BLD.add(drop(output))) }
    const hidden_BLD = drop(norm2(attended.hidden_BLD.add(drop(forward(attended, noise)))))
    return { tokens: { ...query, hidden_BLD }, weights }
  }
}

/** (7-8), or one layer, and a 1 that meets the items' bias; parameters `head.*`. */
function headOf({ hiddenSize: width, sharedExperts, withoutExperts }: Config, kinds: number) {
  if (!withoutExperts) return expertHead('head', { width, kinds, sharedExperts })
  const dense = linear('head', [width, width])
  return (x_PD: Tensor): Tensor => concat([dense(x_PD).relu(), onesBeside(x_PD)], 1)
}
