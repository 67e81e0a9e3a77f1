/**
 * @file SGDL: what a recommender knows early is taken for clean, and every training pair gets a weight by which a step
 * on it makes the clean ones likelier. Gao et al., SIGIR 2022. [bib: sgdl]
 *   (1) X = mean_l A^l [P; Q], A the normalized graph of pairs; of `mf` [P; Q]         -> [U + V, D]
 *   (2) d = X_u . (X_i - X_j), l = softplus(-d), j an item the user has not            user_B, item_B -> [B]
 *   memorization
 *   (3) mean l; after each epoch a pair is known if it is among the n best of its user's n pairs and n drawn items;
 *       clean: known in at least h/2 of the last h epochs
 *   (4) it ends when clean / all >= 1 - share of the larger mode of two in l, which is scaled to [0, 1] by user, but
 *       for users of one pair
 *   self-guided, of a noisy batch B and a clean one C
 *   (5) v = sigmoid(W_2 relu(W_1 l + b_1) + b_2), l fixed                              -> [B]
 *   (6) E' = E - eta grad mean_B(v l), so X' = X - eta M M grad_X, M the mean of (1)    -> vectors of C
 *   (7) E^ likewise of C itself; cos(x_i - x_j, x^_i - x^_j), cos(x_u, x^_u), fixed    -> [C, 2]
 *   (8) pi = softmax_C(f_2 tanh(f_1 [lstm(7); lstm(l)])), one step of a bi-LSTM each   -> [C]
 *   (9) S, rows one-hot at argmax(log pi + Gumbel), straight through at tau            -> [C, C]
 *   (10) G = mean_C softplus(-d) of S X'; a step on G by the networks of (5) and (8)
 *   (11) a step on mean_B(v l) by E, v fixed and of the network that (10) moved
 * (6) is linear in v, so that ordinary gradients of G are the exact ones through the step.
 * Differs (the print could not be opened; equations and settings are those of the published code):
 * - (7) is of the propagated vectors for `lightgcn`, as it is exactly for `mf`; per-sample gradients by the tables
 *   cost the authors 500 s an epoch on MovieLens-100k;
 * - eta is `virtualRate` and not the training's learning rate; Adam divides its size out of (10) anyway;
 * - the scheduler and the state of Adam live on; the code makes them anew every epoch, as `resetEachEpoch` does;
 * - a clean batch holds at most 1,024 pairs, a noisy one what `train` fits to the data; an LSTM's two biases are one;
 * - drawn items of (3) count once each, and a negative lies outside all training events of the user, whatever `pairs`;
 * - (4) begins with clusters from the least and the greatest loss, not with drawn ones; users whose losses are all
 *   alike have 0;
 * - the first phase ends after `memorizationEpochs` in any case; without a clean pair all are taken for clean;
 * - pairs are of all behaviors and `pairs: 'target'` leaves the others out (which M3BSR took is **unconfirmed**);
 * - somebody never trained on has no X_u: it is the mean of the X of his history's items (ours).
 */
import { joined } from '../../../batches/joined.ts'
import { type Pairs, pairs } from '../../../batches/pairs.ts'
import { adam } from '../../../optim/adam.ts'
import { where } from '../../../tensor/compare.ts'
import { type BuiltModel, defineModel, frozenOf, objective, type Stage } from '../../contract/model.ts'
import { meanOverHistory } from '../../parts/mean-over-history.ts'
import { trainedUsers } from '../../parts/trained-users.ts'
import { type Backbone, backboneOf } from './backbone.ts'
import { type Config, config } from './config.ts'
import { eventWeights, explainNoise } from './explain.ts'
import { type BothPairs, guideLosses, pairLosses, type Weighing, weighing } from './losses.ts'
import { memorization, memoryOf, names } from './memorization.ts'
import { emptyGraph, offline, pairCount } from './pair-graph.ts'
import { schedulerPrefix } from './scheduler.ts'

/** Most pairs of a clean batch: choosing takes the square of their number. */
const cleanAtOnce = 1024

/** SGDL; see the file's header. */
export const sgdl = defineModel({
  slug: 'sgdl',
  task: 'next-item',
  title: 'SGDL',
  rows: 'pairs',
  config,
  offline,
  build(config, catalog, made): BuiltModel<Pairs> {
    const { maxLength, pairs: behaviors } = config
    const { userCount, itemCount } = catalog
    const graph = made ?? emptyGraph({ users: userCount + 1, items: itemCount + 1 })
    const backbone = backboneOf(config, catalog, graph)
    const { users_UD, items_VD } = backbone
    const known = trainedUsers(catalog, behaviors)
    const weigh = config.weights === 'one' ? undefined : weighing()
    const settings = { behaviors, beside: 1, maxLength, userCount }
    const batches = pairs(catalog.behaviors.length, settings)
    const clean = pairs(catalog.behaviors.length, {
      ...settings,
      atOnce: cleanAtOnce,
      // Nothing is remembered by the first name: all pairs, in an order of their own.
      among: config.clean === 'all' ? 'pairs.all' : names.clean,
    })
    return {
      batches,
      history: { maxLength, mergeBehaviors: true },
      memory: { ...known.memory, ...memoryOf(pairCount(made)) },
      frozen: config.backbone === 'mf' ? {} : frozenOf(graph),
      score: {
        kind: 'dot',
        table: items_VD,
        user({ user_B, item_BL, mask_BL }) {
          const unknown_BD = meanOverHistory(items_VD.rows(item_BL), mask_BL)
          const user_BD = where(known.isTrained(user_B), users_UD.rows(user_B), unknown_BD)
          if (!weigh) return user_BD
          return { user: user_BD, reasons: { weight: eventWeights(weigh, { user_BD, item_BL, items_VD }) } }
        },
      },
      stages: [
        {
          name: 'memorization',
          epochs: config.memorizationEpochs,
          before: known.before,
          ...memorization(config, backbone),
          objectives: [
            objective<Pairs>({
              name: 'memorization',
              batches,
              losses: (batch) => pairLosses(batch, backbone),
              rateOf: () => config.memorizationRate,
            }),
          ],
        },
        guided(config, { backbone, weigh, noisy: batches, clean }),
      ],
      ...(weigh && { explain: explainNoise }),
    }
  },
})

/** What the second phase is made of. */
interface Guided {
  readonly backbone: Backbone
  readonly weigh: Weighing | undefined
  readonly noisy: ReturnType<typeof pairs>
  readonly clean: ReturnType<typeof pairs>
}

/** (5-11) Both objectives read the same noisy batches, one after the other. */
function guided(config: Config, { backbone, weigh, noisy, clean }: Guided): Stage {
  const train = objective<Pairs>({
    name: 'weighed',
    batches: noisy,
    losses: (batch) => pairLosses(batch, backbone, weigh),
    trains: (name) => name === 'user' || name === 'item',
  })
  const { weightRate, schedulerRate } = config
  const guide =
    weigh &&
    objective<BothPairs>({
      name: 'guide',
      batches: joined({ noisy, clean }),
      losses: guideLosses(config, backbone, weigh),
      trains: (name) => name !== 'user' && name !== 'item',
      optimizer: adam({
        name: 'guides',
        learningRate: weightRate,
        rateOf: (name) => (name.startsWith(schedulerPrefix) ? schedulerRate / weightRate : 1),
      }),
    })
  return {
    name: 'self-guided',
    epochs: 'until-best',
    objectives: guide ? [guide, train] : [train],
    ...(config.resetEachEpoch && { restarts: (name) => name.startsWith(schedulerPrefix) }),
  }
}
