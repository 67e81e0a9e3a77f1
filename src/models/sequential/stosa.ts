/**
 * @file STOSA: SASRec over Gaussians; a mean says where an item is, a diagonal covariance how unsure that is, and the
 * 2-Wasserstein distance weighs events and ranks items. Fan et al., WWW 2022. [bib: stosa]
 *   (1)   m = ELU(drop(LN(M[s] + P_m))), c = ELU(drop(LN(C[s] + P_c))) + 1    item_BL -> mean_BLD, covariance_BLD
 *   (2)   q_m, k_m, v_m = m W + b; q_c, k_c, v_c = ELU(c W' + b') + 1         -> [B, H, L, D / H] each
 *   (3-4) p = drop(softmax(-w2(q_i, k_j) / sqrt(D / H))), causal              -> weights_BHLL
 *   (5)   z_m = p v_m, z_c = (p * p) v_c                                      -> [B, L, D] each
 *   (6)   h = LN(x + drop(z W + b)), for mean and covariance, one LN          -> [B, L, D] each
 *   (7)   m' = F_m(h_m), c' = ELU(F_c(h_c)) + 1, F(x) = LN(x + drop(W_2 ELU(W_1 x)))
 *   (8-9) d_v = w2((m', c'), (M_v, ELU(C_v) + 1)); small distances rank first user_P, items_V -> scores_PV
 *   (10)  -log sigma(d_negative - d_positive), a mean over places             scalar
 *   (11)  + lambda max(0, d_positive - w2(positive, negative)), a mean        scalar
 * w2((m, c), (M, C)) = |m - M|^2 + |sqrt c - sqrt C|^2, squared, a dot product: see parts/gaussians.ts.
 * Differs:
 * - the released code passes the mean of (1) on past every layer, by a misspelled name, and attention acts through the
 *   covariance alone; `meanPath: 'released'` does so, and ours is the paper's (the equations are read from the code;
 *   that the paper has (5-7) so is unconfirmed);
 * - a negative lies outside the user's training events, not outside all of them, which tells of the test;
 * - a window ends with its last target, and of several targets at one time one is drawn anew each epoch;
 * - (11)'s weight, layers and heads are those of the code's one published command, not of its defaults;
 * - the paper's L2 term (unconfirmed) is the optimizer's `weightDecay`, 0 as in the code;
 * - `loss: 'softmax'`, cross-entropy over the catalog in place of (10), is ours.
 */
import * as z from 'zod'
import { type Negatives, negatives } from '../../batches/extras/negatives.ts'
import { type Sequences, sequences } from '../../batches/sequences.ts'
import { normal } from '../../nn/init.ts'
import { type Layer, layerNorm, linear } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { add, elu, elu1, mul, relu, softplus, square, sub } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat, reshape, transpose } from '../../tensor/move.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import { softmax } from '../../tensor/normalize.ts'
import { dims } from '../../tensor/shape.ts'
import { defineModel, type ItemScores, type Losses } from '../contract/model.ts'
import { causalBias } from '../parts/attention-bias.ts'
import { type Gaussian, nearness, pointDistance, pointOf, rankedPoint } from '../parts/gaussians.ts'
import { itemWindows } from '../parts/item-windows.ts'
import { onesBeside } from '../parts/ones-beside.ts'
import { dropout, flag, heads, headsDivide, layers, lossWeight, sequenceOptions } from '../parts/options.ts'
import { placesFromEnd } from '../parts/places-from-end.ts'

const config = z
  .strictObject({
    ...sequenceOptions,
    layers: layers.default(1).describe('number of layers of stochastic attention'),
    heads: heads.default(4).describe('number of attention heads; must divide hiddenSize'),
    dropout: dropout.default(0.3).describe('share of hidden values set to 0 while training'),
    attentionDropout: dropout.default(0).describe('share of attention weights set to 0 while training'),
    lambdaPvn: lossWeight(0.005, 'weight of the hinge that keeps a target nearer to the user than to a negative'),
    loss: z
      .enum(['ranking', 'softmax'])
      .default('ranking')
      .describe('ranking compares each target with one drawn negative; softmax, ours, with the whole catalog'),
    meanPath: z
      .enum(['passed', 'released'])
      .default('passed')
      .describe('passed hands means from layer to layer; released ranks by the last item, as the published code does'),
    attention: z
      .enum(['wasserstein', 'dot'])
      .default('wasserstein')
      .describe('what weighs events: the distance of Gaussians, or dot products of means and of covariances apart'),
    withoutPvn: flag('leave out the hinge'),
    withoutUncertainty: flag('rank and weigh by means alone: a Euclidean SASRec'),
  })
  .refine(...headsDivide('hiddenSize'))
type Config = z.infer<typeof config>

const init = normal(0.02, 0.01)
const affine = (name: string, from: number, to: number): Layer => linear(name, [from, to], { init })
const norm = (name: string, width: number): Layer => layerNorm(name, width, { epsilon: 1e-12 })

/** STOSA; see the file's header. */
export const stosa = defineModel({
  slug: 'stosa',
  task: 'next-item',
  title: 'STOSA',
  config,
  build(config, catalog) {
    const { hiddenSize, maxLength, layers, loss, withoutUncertainty } = config
    const tables = (name: string, rows: number, options?: { readonly rows: 'items' }): Gaussian => {
      const table = (part: string): Tensor => parameter(`${name}.${part}`, [rows, hiddenSize], init, options)
      return { mean: table('mean'), covariance: withoutUncertainty ? undefined : table('covariance') }
    }
    const items = tables('item', catalog.itemCount + 1, { rows: 'items' })
    const positions = tables('position', maxLength)
    const begin = norm('norm', hiddenSize)
    const blocks = Array.from({ length: layers }, (_, layer) => stochasticLayer(`block${layer}`, config))
    // (8)
    const pointsOf = (ids?: Tensor): Tensor =>
      pointOf(eachOf(items, (table, part) => positive[part](ids ? table.rows(ids) : table)))
    const user = (batch: Sequences, noise: Noise): Gaussian => {
      const places_BL = placesFromEnd(batch, maxLength)
      // (1)
      const first = eachOf(items, (table, part) => {
        const placed = add(table.rows(batch.item_BL), (positions[part] as Tensor).rows(places_BL))
        return activate[part](noise.dropout(begin(placed), config.dropout))
      })
      const bias = causalBias(batch.length)
      return eachOf(
        blocks.reduce((x, block) => block(x, bias, noise), first),
        batch.atLast,
      )
    }
    const windows = itemWindows(config, catalog)
    return {
      batches: sequences(windows).with(negatives(1)),
      history: windows,
      score: {
        kind: 'dot',
        bias: true,
        table: rankedPoint(pointsOf()),
        tableRows: (ids) => rankedPoint(pointsOf(ids)),
        softmax: loss === 'softmax',
        user(batch: Sequences & Negatives, { noise }) {
          const state = user(batch, noise)
          const point_PW = pointOf(state)
          return {
            // (9)
            user: concat([mul(point_PW, 2), onesBeside(point_PW)], 1),
            ...(state.covariance && { reasons: { uncertainty: state.covariance.mean([1]) } }),
            losses: ({ target_P, weight_P }) =>
              pairLosses(config, weight_P, {
                user: point_PW,
                positive: pointsOf(target_P),
                negative: pointsOf(reshape(batch.negative_PN, [-1])),
              }),
          }
        },
      },
      ...(!withoutUncertainty && {
        explain: (_, items, { uncertainty }, scores) => {
          const user = uncertainty?.[0] as number
          return items.map((item) => ({ item, uncertainty: { user, item: varianceOf(item, scores) } }))
        },
      }),
    }
  },
})

type Part = 'mean' | 'covariance'
/** What is made of a Gaussian's mean, and of its covariance where it has one. */
const eachOf = ({ mean, covariance }: Gaussian, of: (x: Tensor, part: Part) => Tensor): Gaussian => ({
  mean: of(mean, 'mean'),
  covariance: covariance && of(covariance, 'covariance'),
})
const unchanged: Layer = (x) => x
/** A mean may be anything; a variance is above 0. */
const positive = { mean: unchanged, covariance: elu1 }
const activate = { mean: elu, covariance: elu1 }

/** The mean of an item's variances, whose roots are the second half of its point. */
function varianceOf(item: number, { table, width }: ItemScores): number {
  const deviations = table.subarray(item * width + (width - 1) / 2, (item + 1) * width - 1)
  return deviations.reduce((sum, deviation) => sum + deviation * deviation, 0) / deviations.length
}

/** (10-11) of points [P, W] each. */
function pairLosses(
  { loss, lambdaPvn, withoutPvn }: Config,
  weight_P: Tensor,
  { user, positive, negative }: Readonly<Record<'user' | 'positive' | 'negative', Tensor>>,
): Losses {
  const mean = (each_P: Tensor): Tensor => mul(weight_P, each_P).sum()
  const toPositive_P = pointDistance(user, positive)
  const ranking = (): Tensor => mean(softplus(sub(toPositive_P, pointDistance(user, negative))))
  const pvn = (): Tensor => mean(relu(sub(toPositive_P, pointDistance(positive, negative))))
  return {
    ...(loss === 'ranking' && { ranking: { weight: 1, value: ranking() } }),
    ...(!withoutPvn && { pvn: { weight: lambdaPvn, value: pvn() } }),
  }
}

/** A layer: [B, L, D] -> [B, L, D], for means and covariances; the bias [L, L] hides keys. */
type StochasticLayer = (x: Gaussian, bias: Tensor, noise: Noise) => Gaussian

/** (2-7); parameters `NAME.norm.*` and `NAME.{mean,covariance}.{query,key,value,output,feed.*}`. */
function stochasticLayer(name: string, config: Config): StochasticLayer {
  const normAttended = norm(`${name}.norm`, config.hiddenSize)
  const sides = {
    mean: sideOf(`${name}.mean`, config, normAttended),
    covariance: sideOf(`${name}.covariance`, config, normAttended),
  }
  return (x, bias, noise) => {
    const heads = (to: Projection): Gaussian => eachOf(x, (side, part) => positive[part](sides[part].project(to, side)))
    const weights = attentionWeights(config, { query: heads('query'), key: heads('key'), bias, noise })
    const values = heads('value')
    const next = eachOf(x, (side, part) => {
      const attended = matmul(weights[part] as Tensor, values[part] as Tensor)
      return positive[part](sides[part].after(side, attended, noise))
    })
    return config.meanPath === 'passed' ? next : { ...next, mean: x.mean }
  }
}

type Projection = 'query' | 'key' | 'value'
/** What a layer has for means, and again for covariances. */
interface Side {
  /** [B, L, D] -> [B, H, L, D / H] */
  readonly project: (to: Projection, x: Tensor) => Tensor
  /** (6-7) of what was attended to, [B, H, L, D / H]. */
  readonly after: (x: Tensor, attended: Tensor, noise: Noise) => Tensor
}

function sideOf(name: string, { hiddenSize, heads, dropout }: Config, normAttended: Layer): Side {
  const own = (part: string): Layer => affine(`${name}.${part}`, hiddenSize, hiddenSize)
  const projections = { query: own('query'), key: own('key'), value: own('value') }
  const output = own('output')
  const inner = affine(`${name}.feed.inner`, hiddenSize, 4 * hiddenSize)
  const outer = affine(`${name}.feed.outer`, 4 * hiddenSize, hiddenSize)
  const normFed = norm(`${name}.feed.norm`, hiddenSize)
  return {
    project(to, x) {
      const [rows, length] = dims(x, 3)
      return transpose(reshape(projections[to](x), [rows, length, heads, hiddenSize / heads]), [0, 2, 1, 3])
    },
    after(x, attended, noise) {
      const merged = reshape(transpose(attended, [0, 2, 1, 3]), x.shape)
      const h = normAttended(add(x, noise.dropout(output(merged), dropout)))
      return normFed(add(h, noise.dropout(outer(elu(inner(h))), dropout)))
    },
  }
}

/** (3-4) Weights of means and of covariances, [B, H, L, L] each. */
function attentionWeights(
  { attention, attentionDropout }: Config,
  { query, key, bias, noise }: { readonly query: Gaussian; readonly key: Gaussian; bias: Tensor; noise: Noise },
): Gaussian {
  const scale = 1 / Math.sqrt(query.mean.shape.at(-1) as number)
  const weigh = (scores: Tensor): Tensor => noise.dropout(softmax(add(scores, bias)), attentionDropout)
  if (attention === 'dot')
    return eachOf(query, (q, part) => weigh(matmul(q, key[part] as Tensor, { transposeB: true, scale })))
  const mean = weigh(nearness(pointOf(query), pointOf(key), scale))
  // Variances of a weighted sum have squared weights.
  return { mean, covariance: query.covariance && square(mean) }
}
