/**
 * @file CMCLRec, reconstructed: histories are made up for users who have done little, by a mapping from what is known
 * of them to the histories of those who have done much; a SASRec reads both. Xu et al., SIGIR 2024. [bib: cmclrec]
 *   backbone
 *   (1)  s = SASRec(s_1 .. s_n), CE over E; both frozen then        item_BL -> state_PD
 *   mapping, on warm users
 *   (2)  g = W_2 drop(ReLU(W_1 f + b)), f fields and numbers         user_B -> g_BD
 *   (3)  h = W_h s + b_h                                             -> h_BD
 *   (4)  L_B = (NCE(g, h) + NCE(h, g)) / 2, users of the same f are no negatives
 *   (5)  L = L_B + lambda mean |g W_d - s|^2
 *   serving
 *   (6)  z = g W_d; the n frequent items of largest z . E, the best last      g_BD -> item_BS
 *   (7)  r = SASRec(simulated, own) . E, where a user has few own events      -> scores_PV
 *   adaptation, where asked
 *   (8)  (1) again; a quarter of warm users' histories are their simulated items and their last 0 to 3 events
 *
 * **A reconstruction, unconfirmed as a whole**: neither the paper's text nor code could be had, so that all equations
 * are the sheet's, from the abstract. "Cross-modal" means features of users against their histories. Differs from it:
 * - where users have neither fields nor numbers, f is the mean of the pictures and texts of a user's first items, each
 *   projected (`profile: 'content'`): a stand-in, which tables mark, and which knows nothing of users without events;
 * - (6) is computed in the graph that serves, by the same parameters, so that also a user of a later dataset has a
 *   simulated history; content is read off the history as served. Somebody unknown has the mean f of warm users;
 * - (2-5) end after 10 epochs without a better rank of every tenth warm user, whom no step sees, among 100 others, and
 *   keep the last epoch's parameters, not the best's; |.|^2 is a sum over D;
 * - in (8) the last target of a window that is cut is its only one; simulated items are of E before (8), as the sheet
 *   has it, and of a whole window's first items where they are made of content;
 * - a backbone of another run is not read (`from`).
 */
import { type LastTargets, lastTargets } from '../../../batches/extras/histories.ts'
import { type Shortened, shortened } from '../../../batches/extras/shortened.ts'
import { type Sequences, sequences } from '../../../batches/sequences.ts'
import { normal } from '../../../nn/init.ts'
import { type Noise, noNoise } from '../../../nn/noise.ts'
import { concat } from '../../../tensor/move.ts'
import { constant, integers, parameter, type Tensor } from '../../../tensor/node.ts'
import { type BuiltModel, defineModel, type Losses, objective, type Pass } from '../../contract/model.ts'
import { firstPlaces } from '../../parts/first-places.ts'
import { itemWindows } from '../../parts/item-windows.ts'
import { sequenceEncoder } from '../../parts/sequence-encoder.ts'
import { type Backbone, readAtLast } from './backbone.ts'
import { type Config, config } from './config.ts'
import { type Mapping, mapping } from './mapping.ts'
import { hasUserFields } from './profile.ts'
import { prefixed } from './simulated.ts'

type AdaptBatch = Sequences & LastTargets & Shortened

/** What histories are cut to in (8), and how many of them. */
const [mostLeft, cutShare] = [3, 0.25]

/** CMCLRec; see the file's header. */
export const cmclrec = defineModel({
  slug: 'cmclrec',
  task: 'next-item',
  title: 'CMCLRec (reconstructed)',
  reducedForm: 'a reconstruction: no code and no full text, built from the abstract',
  config,
  lacks: ({ withoutMapping }, catalog) => (withoutMapping || hasUserFields(catalog) ? [] : ['user fields']),
  build(config, catalog): BuiltModel<Sequences> {
    const items = parameter('item', [catalog.itemCount + 1, config.hiddenSize], normal(), { rows: 'items' })
    const backbone: Backbone = { items, encoder: sequenceEncoder(config) }
    const windows = itemWindows(config, catalog)
    const batches = sequences(windows)
    const plain = (batch: Sequences, noise: Noise): Tensor =>
      backbone.encoder.atTargets(items.rows(batch.item_BL), batch, noise)
    if (config.withoutMapping) {
      const user = (batch: Sequences, { noise }: Pass): Tensor => plain(batch, noise)
      return { batches, history: windows, score: { kind: 'dot', table: items, user } }
    }
    const mapped = mapping(config, catalog, backbone)
    /** (1) */
    const losses = (batch: Sequences, { noise, catalogLoss }: Pass): Losses => {
      const { target_P: targets, weight_P: weights } = batch
      return {
        main: { weight: 1, value: catalogLoss({ hidden: plain(batch, noise), table: items, targets, weights }) },
      }
    }
    const { of, memory, stage } = mapped
    const ofMapping = /^(?:user|history|map)\./
    return {
      batches,
      history: windows,
      memory,
      answersUsers: of === 'fields',
      score: {
        kind: 'dot',
        table: items,
        user: (batch: Sequences, { noise }) =>
          batch.serving ? served(batch, config, { ...backbone, mapped }) : plain(batch, noise),
      },
      stages: [
        {
          name: 'backbone',
          epochs: 'until-best',
          before: (context) => mapped.begin(context),
          objectives: [objective({ name: 'backbone', batches, losses })],
        },
        stage,
        ...(config.adapt
          ? [
              {
                name: 'adapt',
                epochs: 'until-best',
                objectives: [
                  objective<AdaptBatch>({
                    name: 'adapt',
                    batches: batches
                      .with(lastTargets())
                      .with(shortened({ share: cutShare, most: mostLeft, warmEvents: config.warmEvents })),
                    trains: (name) => !ofMapping.test(name),
                    losses: (batch, pass) =>
                      adapted(batch, config, { ...backbone, mapped, whole: plain(batch, pass.noise), pass }),
                  }),
                ],
              } as const,
            ]
          : []),
      ],
    }
  },
})

type Parts = Backbone & { readonly mapped: Mapping }

/** The items of a history's first events, as a content profile reads them: [B, C] int64. */
const firstOf = ({ item_BL, length }: Sequences, { contentEvents }: Config): Tensor =>
  item_BL.slice(1, 0, Math.min(contentEvents, length))

/** (7) [B, D] */
function served(batch: Sequences, config: Config, { mapped, ...backbone }: Parts): Tensor {
  const { simulated: most, maxLength, coldEvents } = config
  const { user_B, item_BL, mask_BL, length, rows } = batch
  const own_B = mask_BL.sum([1])
  const simulated = mapped.simulate({ user_B, item_BC: firstOf(batch, config), serving: true })
  const isCold_B = own_B.greater(coldEvents).not().cast('float32')
  // Somebody who did nothing has no content.
  const hasProfile_B = mapped.of === 'fields' ? 1 : own_B.greater(0).cast('float32')
  const room_B = own_B.mul(-1).add(maxLength)
  const wanted_B = room_B.greater(most).where(most, room_B).mul(isCold_B).mul(hasProfile_B).mul(mapped.isLearned)
  const begin_B = constant(new Float32Array(rows), [rows])
  const history = prefixed({ simulated, wanted_B, item_BL, begin_B, own_B }, Math.min(maxLength, length + most))
  return readAtLast(history, backbone, noNoise)
}

/** (8) */
function adapted(
  batch: AdaptBatch,
  config: Config,
  { whole, pass, mapped, ...backbone }: Parts & { readonly whole: Tensor; readonly pass: Pass },
): Losses {
  const { simulated: most, maxLength } = config
  const { user_B, item_BL, length, rows, target_P, weight_P, atLast, cut_B, left_B, lastTargets } = batch
  // What the last target sees, and no more.
  const seen_B = lastTargets.event_B.cast('float32').add(1)
  const seen_BL = firstPlaces(seen_B.unsqueeze(1), length)
    .greater(0)
    .where(item_BL, integers([0]))
  const simulated = mapped.simulate({
    user_B,
    item_BC: firstOf({ ...batch, item_BL: seen_BL }, config),
    serving: false,
  })
  const own_B = left_B.greater(seen_B).where(seen_B, left_B)
  const room = Math.max(0, Math.min(most, maxLength - mostLeft))
  const wanted_B = constant(new Float32Array(rows).fill(room), [rows])
  const pieces = { simulated, wanted_B, item_BL, begin_B: seen_B.sub(own_B), own_B }
  const history = prefixed(pieces, Math.min(maxLength, most + mostLeft))
  const isCut_B = cut_B.mul(history.count_B.greater(0).cast('float32'))
  const isCut_P = atLast(isCut_B.reshape([rows, 1, 1]).expand([rows, length, 1])).reshape([-1])
  const ofWhole_P = weight_P.mul(isCut_P.mul(-1).add(1))
  const isTarget_B = lastTargets.weight_B.greater(0).cast('float32')
  const ofCut_B = lastTargets
    .of(weight_P.reshape([-1, 1]))
    .reshape([rows])
    .mul(isCut_B)
    .mul(isTarget_B)
  const weights = concat([ofWhole_P, ofCut_B], 0)
  const value = pass.catalogLoss({
    hidden: concat([whole, readAtLast(history, backbone, pass.noise)], 0),
    table: backbone.items,
    targets: concat([target_P, lastTargets.item_B], 0),
    weights: weights.div(weights.sum()),
  })
  return { main: { weight: 1, value } }
}
