/**
 * @file SSDRec: a history is cleaned before SASRec reads it. Items and users come from five relation graphs; two items
 * are put around the place that fits least, and events are dropped that their order and the next item both call noise.
 * Zhang et al., arXiv:2403.04278, 2024. [bib: ssdrec]
 *   (1-3) E~ = sigmoid([readers U ; near E] W_b W_i) W_o, U~ likewise       item_VD, user_UD
 *   (4)   x_t = E~[s_t] + U~[u] / n                                         item_BL -> x_BLD
 *   (5)   fit_t = softmax_t(x_t f_t b_t) softmax_t(x_t . sum of the others), f, b of a bi-LSTM between start and end
 *   (6)   g = choice_t of 1 - fit_t, only where n <= L - 2                  -> place_B
 *   (7)   left = choice of f_g . E~, right = choice of b_g . E~; s becomes .., left, s_g, right, ..
 *   (8)   a second choice by (5-6); one of the three goes again             -> x_BLD, item_BL
 *   (9)   r = LSTM(LSTM(E[s])), a^seq = sigmoid(ReLU(r W_r + E[s] W_e + b) W_p), W_r, W_e over places -> [B, L, 2]
 *   (10)  a^item = sigmoid(tanh(norm(x) W_u + y W_v + b) W), y = E[target] in training, U[u] when serving
 *   (11)  keep = 1 - [choice of a^seq is noise][choice of a^item is noise]  -> keep_BL
 *   (12)  h = SASRec of the kept E[s], moved together; score = h . E        -> user_BD
 *   L = CE + |r - E[s]|^2 / n, both without the rows that are reconstructed worst, a share falling from 0.2 to 0
 *       + sum_t -log sigma(U[u] . (E[s_t] - E[negative])) without the largest (0.2 - share) n of a row
 * A choice is drawn with Gumbel noise in training, straight through, and is the largest when serving.
 * Differs (the equations are read from the code; numbers are the sheet's and **unconfirmed** in the paper):
 * - serving draws nothing, so that it always says the same, and reads (4) whole; theirs draws, and leaves the user out;
 * - padding fits nowhere and is never the place of (6); in the code most draws of short histories hit it. Events behind
 *   an insertion are read too; in the code the last two are cut off;
 * - LayerNorm in (10) for a BatchNorm over places; W_o begins as Xavier, in the code as memory that nobody filled;
 * - graphs are of training alone and keep `neighbors` a row; who is alike is sought by items that at most 2,000 users
 *   have; how incompatible users are weighed is our reading (**unconfirmed**);
 * - the place that goes again in (8) has a gradient, straight through as all choices; in the code it has none;
 * - (7) chooses among `insertCandidates` drawn items; a row of the last loss keeps what rounds to none;
 * - the negative lies outside the user's training events; a user nobody knows is the average one.
 */

import { type DrawnItems, drawnItems } from '../../batches/extras/drawn-items.ts'
import { type LastTargets, lastTargets } from '../../batches/extras/histories.ts'
import { type Negatives, negatives } from '../../batches/extras/negatives.ts'
import { type Sequences, sequences } from '../../batches/sequences.ts'
import { normal } from '../../nn/init.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { defineModel, frozenOf, type Losses, type Offline, objective, type Pass } from '../contract/model.ts'
import { causalBias, lastBias } from '../parts/attention-bias.ts'
import { placesBefore } from '../parts/first-places.ts'
import { ownWindows } from '../parts/item-windows.ts'
import { leftOut } from '../parts/left-out.ts'
import { sequenceEncoder } from '../parts/sequence-encoder.ts'
import { type SsdrecConfig, ssdrecConfig } from './config.ts'
import { judge } from './denoising.ts'
import { emptyGraphs, graphBytes, graphLayout, laterLayout, ssdrecGraphs } from './graphs.ts'
import { type Drawn, type ReadHistory, withInsertion } from './insertion.ts'
import { ssdrecLosses } from './losses.ts'
import { placeReader } from './places.ts'
import { graphRelations, plainRelations, userRows } from './relations.ts'
import { compaction } from './rows.ts'

type Batch = Sequences & LastTargets & Negatives & DrawnItems

/** SSDRec; see the file's header. */
export const ssdrec = defineModel({
  slug: 'ssdrec',
  task: 'next-item',
  title: 'SSDRec',
  reducedForm: 'LayerNorm where the published code normalizes places over a batch',
  config: ssdrecConfig,
  offline: {
    key: ({ minimumCoOccurrence, coldItems, coldUsers, neighbors, withoutGraphs }) =>
      withoutGraphs ? {} : { minimumCoOccurrence, coldItems, coldUsers, neighbors },
    bytes: (config, data) => (config.withoutGraphs ? 0 : graphBytes(config, data)),
    make: async (config, sources) => (config.withoutGraphs ? {} : graphLayout(ssdrecGraphs(config, sources))),
    later: ({ withoutGraphs }, made, moved) => ({ made: withoutGraphs ? {} : laterLayout(made, moved) }),
  },
  build(config, catalog, made?: Offline) {
    const { itemCount, userCount } = catalog
    const { hiddenSize, insertCandidates, withoutGraphs, withoutInsertion, withoutDenoising } = config
    const items_VD = parameter('item', [itemCount + 1, hiddenSize], normal(), { rows: 'items' })
    const users_UD = parameter('user', [userCount + 1, hiddenSize], normal(), { rows: 'users' })
    const tables = { items_VD, users_UD }
    const graphs = made ?? graphLayout(emptyGraphs(itemCount, userCount))
    const relations = withoutGraphs ? plainRelations(tables) : graphRelations(tables, graphs, config)
    const reader = placeReader(hiddenSize)
    const judged = judge(config)
    const encoder = sequenceEncoder(config)
    const candidates = Math.min(insertCandidates || itemCount, itemCount)
    const windows = ownWindows(config, catalog)

    /** (4-8) */
    const longer = (batch: Batch, known: Known, drawn: Drawn): ReadHistory => {
      const { item_BL, mask_BL } = batch
      const [rows, length] = dims(item_BL, 2)
      const count_B1 = mask_BL.sum([1], { keep: true })
      const share_BD = known.user_BD.div(count_B1.add(count_B1.equal(0).cast('float32')))
      const x_BLD = known.items_VD
        .rows(item_BL)
        .add(share_BD.reshape([rows, 1, hiddenSize]))
        .mul(mask_BL.reshape([rows, length, 1]))
      const history = { x_BLD, item_BL, count_B1, mask_BL, present_BL: mask_BL }
      if (withoutInsertion || !drawn.noise.training) return history
      const offered = { item_C: batch.drawn_C, vector_CD: known.items_VD.rows(batch.drawn_C) }
      return withInsertion(history, offered, { reader, config, drawn })
    }
    /** (12) */
    const readKept = (history: ReadHistory, keep_BL: Tensor | undefined, { noise }: Pass): Tensor => {
      const { item_BL, present_BL } = history
      const [rows, length] = dims(item_BL, 2)
      const stays_BL = keep_BL ? present_BL.mul(keep_BL) : present_BL
      const { matrix, count_B1 } = compaction(stays_BL)
      const kept_BLD = matrix.matmul(items_VD.rows(item_BL).mul(stays_BL.reshape([rows, length, 1])))
      const last_B1 = count_B1.sub(1).relu()
      const atLast = placesBefore(length).equal(last_B1).cast('float32').reshape([rows, 1, length])
      return encoder.single(kept_BLD, {
        bias: causalBias(length),
        queryBias: lastBias(last_B1.cast('int64').reshape([rows]), length),
        pick: (x) => atLast.matmul(x).reshape([rows, hiddenSize]),
        noise,
      })
    }
    const read = (batch: Batch, pass: Pass) => {
      const { noise, training } = pass
      const known = { items_VD: relations.items(noise), user_BD: relations.users(batch.user_B, noise) }
      const drawn = { noise, temperature: pass.scheduled('temperature', temperatureOf(config)) }
      const history = longer(batch, known, drawn)
      const [rows, length] = dims(history.item_BL, 2)
      const judgment = withoutDenoising
        ? undefined
        : judged(
            history,
            {
              raw_BLD: items_VD.rows(history.item_BL).mul(history.present_BL.reshape([rows, length, 1])),
              next_BD: training ? items_VD.rows(batch.lastTargets.item_B) : userRows(users_UD, batch.user_B, noise),
            },
            drawn,
          )
      return { user: readKept(history, judgment?.keep_BL, pass), judgment }
    }
    const losses = (batch: Batch, pass: Pass): Losses => {
      const { user, judgment } = read(batch, pass)
      return ssdrecLosses(config, tables, { batch, pass, user_BD: user, ...judgment })
    }
    const batches = sequences(windows).with(lastTargets()).with(negatives(1)).with(drawnItems(candidates))
    return {
      batches,
      history: windows,
      frozen: withoutGraphs ? {} : frozenOf(graphs),
      score: {
        kind: 'dot',
        table: items_VD,
        user(batch: Batch, pass) {
          const { user, judgment } = read(batch, pass)
          return { user, ...(judgment && { reasons: { keep: judgment.keep_BL, doubt: judgment.doubt_BL } }) }
        },
      },
      stages: [
        {
          name: 'train',
          epochs: 'until-best',
          objectives: [objective({ name: 'train', batches, losses, clipNorm: longestGradient })],
        },
      ],
      ...(!withoutDenoising && {
        explain: (history, items, { keep }) => leftOut(history, items, (at) => keep?.[at] !== 0),
      }),
    }
  },
})

/** What the graphs say. */
interface Known {
  /** I~ [V + 1, D] */
  readonly items_VD: Tensor
  /** U~ of each row's user, [B, D]. */
  readonly user_BD: Tensor
}

/** Gradients are scaled down to this length, all parameters together. */
const longestGradient = 5
/** Steps between two changes of the temperature. */
const every = 40

/** Every 40 steps the temperature is multiplied by exp(-n / 1000), n being the steps so far. */
function temperatureOf({ temperature, temperatureFloor }: SsdrecConfig) {
  return {
    training: (step: number): number => {
      const changes = Math.floor(step / every)
      return Math.max(temperatureFloor, temperature * Math.exp((-every * changes * (changes + 1)) / 2000))
    },
    serving: temperatureFloor,
  }
}
