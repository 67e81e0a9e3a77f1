/**
 * @file KMCLR: graphs of users and items for each behavior beside a LightGCN on the target's graph, whose items read
 * their fields as a knowledge graph; both sides are contrasted within themselves and mixed. Xuan et al., WSDM 2023.
 * [bib: kmclr]
 *   (1)  U_k = A_k I, I_k = A_k^T U, layer by layer, k a behavior           item_VD -> [U, D], user_UD -> [V, D]
 *   (2)  U <- sigmoid(mean_k(U_k) W), I <- sigmoid(mean_k(I_k) W'); U_k <- sigmoid(U_k W) by itself
 *   (3)  u = [U of all layers] C, i alike, u^k of the U_k                   -> user_UD, item_VD
 *   (4)  -log(e(a, a) / sum of e(a, b) over others b), e(a, b) = exp(u^target_a . u^k_b / D), a tenth of the batch
 *   (5)  -log sigmoid(u . i+ - u . i-) of one pair of items by each behavior that the user has
 *   (6)  mean_k (5) + 1e-3 |vectors|^2 + lambda mean_k (4)                  scalar, its rate cyclic, clipped at 20
 *   (7)  g = sum_j a_j e_j, a = softmax(LeakyReLU(w . [x; r_j; e_j] + b))   entities of an item -> [V, D]
 *   (8)  x' = ReLU((g + x) W + b), for each of two sets of x, e and r       -> item_VD
 *   (9)  X = LightGCN of [P; mean x'] on the target graph; BPR + 1e-4 |tables|^2 / 2
 *   (10) TransR: d = |h M_r + r - t M_r|^2, -log sigmoid(d(h, r, t-) - d(h, r, t+)) + 1e-3 (|vectors|^2 / 2 + |M|)
 *   (11) TATEC: the same with s = h M_r t + h . r + t . r + h . t
 *   (12) two views of the target graph, one by each set, edges kept with 0.6 to 1: InfoNCE of users and of items
 *   (13) score = (0.9 u + 0.1 X_u) . (0.9 i + 0.1 X_i); (5) is of these, X without a gradient
 * An epoch: (10), (11), new views, (9) + lambda (12), then (6). `passes: 'joint'` adds all up at each step (ours).
 * Differs (the equations are those of the published code; the paper could not be opened):
 * - **the knowledge graph is the items' categorical fields**: a field is a relation, its values are entities;
 * - (1) may be divided by degrees, as the code's names promise and its graphs are not (`aggregate`, ours);
 * - a copy of the behavior side that takes a step and is thrown away is left out: it changes a printed loss alone;
 * - (4) is against all other drawn users, in the code all but the 18 that are computed together;
 * - in (12) rows of one user or item are not each other's negatives; in the code they are;
 * - what (12) draws by, and X in (13), are read without dropout; in the code with;
 * - an item that has no entity reads none; in the code it reads the pad's;
 * - all passes have batches of one size; in the code (9) has 2,048 rows, (10-11) have 4,096 and (6) has 8,192;
 * - somebody without training events has the mean of his history's items (ours).
 */
import { behaviorItems } from '../../../batches/extras/behavior-items.ts'
import { type Pairs, pairs } from '../../../batches/pairs.ts'
import { type Noise, noNoise } from '../../../nn/noise.ts'
import { where } from '../../../tensor/compare.ts'
import { concat } from '../../../tensor/move.ts'
import type { Tensor } from '../../../tensor/node.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import { type BuiltModel, defineModel, frozenOf } from '../../contract/model.ts'
import { chosenFields } from '../../parts/chosen-fields.ts'
import type { UserItemVectors } from '../../parts/light-gcn.ts'
import { meanOverHistory } from '../../parts/mean-over-history.ts'
import { trainedUsers } from '../../parts/trained-users.ts'
import { behaviorLosses, behaviorSide } from './behavior-side.ts'
import { type KmclrConfig, kmclrConfig } from './config.ts'
import { explainBehaviors } from './explain.ts'
import { behaviorsOf, graphBytes, graphLayout, graphsOf, laterLayout, meetingsBy, noMeetings } from './graphs.ts'
import { knowledgeLosses, knowledgeSide, readings, relationsOf } from './knowledge-side.ts'
import { type PairLosses, trainingStage } from './passes.ts'
import { viewsOf } from './views.ts'

const slug = 'kmclr'

/** KMCLR; see the file's header. */
export const kmclr = defineModel({
  slug,
  task: 'next-item',
  title: 'KMCLR',
  reducedForm: 'the categorical fields of items in place of a knowledge graph',
  rows: 'pairs',
  config: kmclrConfig,
  lacks: (config, catalog) =>
    config.withoutKnowledge || readRelations(config, catalog).entities > 0 ? [] : ['categorical fields of items'],
  offline: {
    key: ({ aggregate, withoutAuxiliary }) => ({ aggregate, withoutAuxiliary }),
    bytes: (config, data) => graphBytes(config, data),
    async make(config, data) {
      const { behaviors, target } = data.dataset.manifest
      const read = behaviorsOf(config, { behaviors, target: behaviors.indexOf(target) })
      return graphLayout(
        config,
        read.map((behavior) => meetingsBy(behavior, data)),
      )
    },
    later: (_, made, moved) => ({ made: laterLayout(made, moved) }),
  },
  build(config, catalog, offline): BuiltModel<Pairs> {
    const { maxLength, withoutKnowledge, lambdaViews, edgeDropout } = config
    const behaviors = behaviorsOf(config, catalog)
    const layout = offline ?? graphLayout(config, Array(behaviors.length).fill(noMeetings(catalog)))
    const graphs = graphsOf(layout, behaviors.length)
    const relations = readRelations(config, catalog)
    // (1-3) and (7-11)
    const told = behaviorSide(config, catalog, graphs.behaviors)
    const known = knowledgeSide(config, catalog, relations, graphs.target)
    const { memory, isTrained, before } = trainedUsers(catalog)
    /** (9) */
    const along = (noise: Noise): UserItemVectors => {
      const read = readings.map((reading) => known.read(reading, noise)) as [Tensor, Tensor]
      const kept = (): Tensor => graphs.symmetric_E.mul(noise.keep(graphs.symmetric_E.shape, edgeDropout) ?? 1)
      return known.along(read[0].add(read[1]).mul(0.5), kept(), kept())
    }
    /** (13) */
    const mixed = (): UserItemVectors => {
      if (withoutKnowledge) return told
      const { users_UD, items_VD } = along(noNoise)
      const mix = (one: Tensor, other: Tensor): Tensor =>
        one.mul(1 - config.knowledgeShare).add(other.stopGradient().mul(config.knowledgeShare))
      return { users_UD: mix(told.users_UD, users_UD), items_VD: mix(told.items_VD, items_VD) }
    }
    const drawn = { ...config, target: catalog.target, relations: relations.fields.length }
    const views = lambdaViews > 0 && !withoutKnowledge ? viewsOf(known, graphs.whole, drawn) : undefined
    const ofTarget = pairs(catalog.behaviors.length, { behaviors: 'target', maxLength, userCount: catalog.userCount })
    const batches = ofTarget.with(behaviorItems(behaviors)) as PairLosses['batches']
    const ranking = mixed()
    return {
      batches: ofTarget,
      history: { maxLength, mergeBehaviors: true },
      frozen: frozenOf(layout),
      memory: { ...memory, ...views?.memory },
      score: {
        kind: 'dot',
        table: ranking.items_VD,
        user({ user_B, item_BL, mask_BL }) {
          const isKnown_B1 = isTrained(user_B)
          const history_BD = meanOverHistory(ranking.items_VD.rows(item_BL), mask_BL)
          return {
            user: where(isKnown_B1, ranking.users_UD.rows(user_B), history_BD),
            reasons: { known: isKnown_B1.cast('float32'), behaviors: concat(told.byBehavior(user_B), 1) },
          }
        },
      },
      stages: [
        {
          name: 'train',
          epochs: 'until-best',
          before,
          ...trainingStage(config, {
            relations,
            triples: known.triples,
            behaviors: { batches, losses: (batch) => behaviorLosses(config, told, ranking, batch) },
            ...(!withoutKnowledge && {
              knowledge: {
                batches,
                losses: (batch, { noise }) =>
                  knowledgeLosses(config, known, { views: views?.along(noise) ?? [], whole: along(noise) }, batch),
              },
            }),
            ...(views && { redraw: views.redraw }),
          }),
        },
      ],
      explain: explainBehaviors(behaviors.map((index) => ({ index, name: catalog.behaviors[index] as string }))),
    }
  },
})

const readRelations = (config: Pick<KmclrConfig, 'fields'>, catalog: CatalogShape) =>
  relationsOf(chosenFields(slug, config.fields, catalog), catalog)
