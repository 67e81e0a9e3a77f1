/**
 * @file NMTR: one vector of each user and item for all behaviors, a small network for each behavior, and scores that
 * add up along the chain of behaviors. Gao et al., ICDE 2019. [bib: nmtr]
 *   (1) p = P[u], q = Q[i], b = bias[i]                            user_B, item_B -> [B, D], [B, D], [B]
 *   (2) z = [p; q; p * q], of `mlp` [p; q], of `gmf` p * q         -> z_BZ
 *   (3) h_0 = z, h_l = relu(h_(l-1) W_kl + c_kl)                   -> [B, Z / 2^l], of `gmf` once, [B, D], without c
 *   (4) f_k = h a_k, h the last of (3), of `linear` p * q          -> [B] each
 *   (5) o_1 = f_1 + b, o_k = (f_k + o_(k-1)) / 2 + b               -> [B] each
 *   (6) y_k = sigmoid(o_k); items are ranked by o_K, the target's
 *   (7) sum_k lambda_k mean_B(-t_k log y_k - (1 - t_k) log(1 - y_k)), lambdas add up to 1, t label_BK
 * Serving: z W = p W_p + q W_q + q (diag(p) W_m). q W_q is computed once, diag(p) W_m once a user. `linear` is a dot
 * product of the sum of w_k a_k * p with q, and a bias, where w_k is what (5) makes of f_k.
 * Differs: (the papers could not be opened; equations and settings are those of the published code)
 * - labels go by the deepest behavior of a pair, 1 up to it; the code's go by how many behaviors a pair has, which is
 *   the same only where a deeper one always comes with those before it;
 * - the chain ends with the target behavior; a pair of a deeper one counts as the target's;
 * - the print adds the score before without halving the sum (**unconfirmed**): `cascade: 'sum'`;
 * - Adam at 1e-3 in place of Adagrad at 0.01; the L2 term, 0 in the code, is the optimizer's `weightDecay`;
 * - `ncf` of two layers by default; the code's default, no layer, runs with `gmf` alone;
 * - the last batch of an epoch may be short, where the code drops it; W begins by its fan-in everywhere, where the code
 *   slips for one layer of `ncf`;
 * - a negative lies outside the user's training events;
 * - somebody without training events has no p: it is the mean of the q of his history's items (ours).
 */
import * as z from 'zod'
import { type Pairs, pairs } from '../../batches/pairs.ts'
import { truncatedNormal, uniform, zeros } from '../../nn/init.ts'
import { type Affine, linear } from '../../nn/linear.ts'
import { logLoss } from '../../nn/log-loss.ts'
import { where } from '../../tensor/compare.ts'
import { add, addAll, mul } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import { type BuiltModel, defineModel, type Losses, objective, type Score } from '../contract/model.ts'
import { meanOverHistory } from '../parts/mean-over-history.ts'
import { onesBeside } from '../parts/ones-beside.ts'
import { hiddenSize, lossWeight, maxLength } from '../parts/options.ts'
import { trainedUsers } from '../parts/trained-users.ts'

const config = z.strictObject({
  hiddenSize: hiddenSize.describe('width of the vectors of users and items (D)'),
  maxLength: maxLength.describe('how many of the last items of somebody who was never trained on are read'),
  tower: z
    .enum(['ncf', 'mlp', 'gmf', 'linear'])
    .default('ncf')
    .describe(
      'what each behavior reads of a user and an item: ncf their vectors and the product, mlp the vectors, gmf the product; linear is gmf without a hidden layer, whose score is a dot product',
    ),
  layers: z
    .int()
    .min(1)
    .max(4)
    .default(2)
    .describe('hidden layers of ncf and mlp, each half as wide as the one before'),
  cascade: z
    .enum(['mean', 'sum', 'none'])
    .default('mean')
    .describe(
      'what a behavior takes from the one before it: mean halves the sum of both scores, as the published code does; sum adds it whole; none takes nothing',
    ),
  lambdaAuxiliary: lossWeight(
    1,
    "weight of each behavior's loss but the target's, beside the target's 1; all are divided by their sum",
  ),
  negatives: z.int().min(1).max(100).default(4).describe('drawn items that the user never touched, for each pair'),
})
type Config = z.infer<typeof config>

const initial = truncatedNormal(0.01)
const byFanIn = (size: number) => uniform(Math.sqrt(3 / size))

/** NMTR; see the file's header. */
export const nmtr = defineModel({
  slug: 'nmtr',
  task: 'next-item',
  title: 'NMTR',
  rows: 'pairs',
  config,
  build(config, catalog): BuiltModel<Pairs> {
    const { hiddenSize, maxLength, negatives } = config
    const behaviors = catalog.behaviors.slice(0, catalog.target + 1)
    // (1)
    const users = parameter('user', [catalog.userCount + 1, hiddenSize], initial, { rows: 'users' })
    const items = parameter('item', [catalog.itemCount + 1, hiddenSize], initial, { rows: 'items' })
    const biases = parameter('item.bias', [catalog.itemCount + 1, 1], zeros, { rows: 'items' })
    const { memory, isTrained, before } = trainedUsers(catalog)
    const towers = behaviors.map((_, behavior) => towerOf(`tower${behavior}`, config))
    const batches = pairs(behaviors.length, { negatives, maxLength, userCount: catalog.userCount })
    const user = ({ user_B, item_BL, mask_BL }: Pairs): Tensor =>
      where(isTrained(user_B), users.rows(user_B), meanOverHistory(items.rows(item_BL), mask_BL))
    const losses = ({ user_B, item_B, label_BK, weight_B }: Pairs): Losses => {
      const [p_BD, q_BD, bias_B] = [users.rows(user_B), items.rows(item_B), biases.rows(item_B).reshape([-1])]
      const outputs = towers.map(({ ofPairs }) => ofPairs(p_BD, q_BD))
      const lambdas = lambdasOf(config, behaviors.length)
      const each = behaviors.map((name, behavior) => {
        const label_B = label_BK.slice(1, behavior, behavior + 1).reshape([-1])
        const logit_B = chained(outputs, bias_B, chainOf(config, behavior + 1))
        return [
          `as ${name}`,
          { weight: lambdas[behavior] as number, value: logLoss(logit_B, label_B, weight_B) },
        ] as const
      })
      return Object.fromEntries(each.filter(([, { weight }]) => weight > 0))
    }
    const parts = { items, biases, towers, user }
    return {
      batches,
      history: { maxLength, mergeBehaviors: true },
      memory,
      score: config.tower === 'linear' ? linearScore(config, parts) : towerScore(config, parts),
      stages: [
        { name: 'train', epochs: 'until-best', before, objectives: [objective({ name: 'train', batches, losses })] },
      ],
    }
  },
})

/** What ranks. */
interface Ranking {
  readonly items: Tensor
  readonly biases: Tensor
  readonly towers: readonly Tower[]
  /** [B, D] */
  readonly user: (batch: Pairs) => Tensor
}

/** By the towers, their first layer factored. */
function towerScore(config: Config, { items, biases, towers, user }: Ranking): Score<Pairs> {
  const chain = chainOf(config, towers.length)
  return {
    kind: 'pairs',
    widest: widthsOf(config)[1] as number,
    user,
    score: (p_BD, item_C) =>
      chained(
        towers.map(({ ofItems }) => ofItems(p_BD, items, item_C)),
        biases.rows(item_C).reshape([1, -1]),
        chain,
      ),
  }
}

/** By one product: without hidden layers the chain is a sum of products. */
function linearScore(config: Config, { items, biases, towers, user }: Ranking): Score<Pairs> {
  const chain = chainOf(config, towers.length)
  return {
    kind: 'dot',
    bias: true,
    table: concat([items, mul(biases, chain.bias)], 1),
    user(batch) {
      const weights_D1 = addAll(
        towers.map(({ output_H1 }, behavior) => mul(output_H1, chain.towers[behavior] as number)),
      )
      const p_BD = user(batch)
      return concat([mul(p_BD, weights_D1.reshape([1, -1])), onesBeside(p_BD)], 1)
    },
  }
}

/** (7) The lambdas of K behaviors. */
function lambdasOf({ lambdaAuxiliary }: Config, count: number): number[] {
  const weights = Array.from({ length: count }, (_, behavior) => (behavior === count - 1 ? 1 : lambdaAuxiliary))
  const sum = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / sum)
}

/** How often the output of each tower, and the bias, count in the last score of a chain. */
interface Chain {
  readonly towers: readonly number[]
  readonly bias: number
}

/** (5) The chain of the first behaviors. */
function chainOf({ cascade }: Config, count: number): Chain {
  const carried = { mean: 0.5, sum: 1, none: 0 }[cascade]
  const own = cascade === 'mean' ? 0.5 : 1
  let chain: Chain = { towers: [1], bias: 1 }
  for (let behavior = 1; behavior < count; behavior++)
    chain = { towers: [...chain.towers.map((weight) => weight * carried), own], bias: chain.bias * carried + 1 }
  return chain
}

/** (5) Outputs [..] of a chain's towers, and the bias. A tower that counts nothing is left out of the graph. */
function chained(outputs: readonly Tensor[], bias: Tensor, chain: Chain): Tensor {
  const counted = chain.towers.flatMap((weight, at) => (weight === 0 ? [] : [mul(outputs[at] as Tensor, weight)]))
  return add(addAll(counted), mul(bias, chain.bias))
}

/** The network of a behavior. */
interface Tower {
  /** Vectors p and q [B, D] -> f [B]. */
  readonly ofPairs: (p_BD: Tensor, q_BD: Tensor) => Tensor
  /** The same of each user and item: p [B, D], items [V + 1, D] and their ids [C] -> f [B, C]. */
  readonly ofItems: (p_BD: Tensor, items_VD: Tensor, item_C: Tensor) => Tensor
  /** a */
  readonly output_H1: Tensor
}

/** What (2) puts side by side. */
const partsOf = {
  ncf: ['user', 'item', 'product'],
  mlp: ['user', 'item'],
  gmf: ['product'],
  linear: ['product'],
} as const satisfies Readonly<Record<Config['tower'], readonly string[]>>
type Part = (typeof partsOf)['ncf'][number]

/** (2-3) The widths of z and of the layers after it. */
function widthsOf({ tower, layers, hiddenSize }: Config): number[] {
  const width = partsOf[tower].length * hiddenSize
  if (tower === 'linear') return [width]
  if (tower === 'gmf') return [width, width]
  return Array.from({ length: layers + 1 }, (_, layer) => Math.max(1, Math.floor(width / 2 ** layer)))
}

/** (2-4); parameters `NAME.layerN.{weight,bias}` and `NAME.output`. */
function towerOf(name: string, config: Config): Tower {
  const parts: readonly Part[] = partsOf[config.tower]
  const widths = widthsOf(config)
  const layers = widths.slice(1).map((to, at): Affine => {
    const from = widths[at] as number
    return linear(`${name}.layer${at}`, [from, to], { init: byFanIn(from), bias: config.tower !== 'gmf' })
  })
  const last = widths.at(-1) as number
  const output_H1 = parameter(`${name}.output`, [last, 1], byFanIn(last))
  const finished = (h: Tensor, left: readonly Affine[]): Tensor =>
    left.reduce((x, layer) => layer(x).relu(), h).matmul(output_H1)
  return {
    output_H1,
    ofPairs(p_BD, q_BD) {
      const of = { user: p_BD, item: q_BD, product: mul(p_BD, q_BD) }
      const z_BZ = concat(
        parts.map((part) => of[part]),
        1,
      )
      return finished(z_BZ, layers).reshape([-1])
    },
    ofItems(p_BD, items_VD, item_C) {
      const [first, ...rest] = layers as [Affine, ...Affine[]]
      const h_BCH = factored(first, parts, { p_BD, items_VD, item_C }).relu()
      return finished(h_BCH, rest).reshape(h_BCH.shape.slice(0, 2))
    },
  }
}

/** z W + c of each user and item [B, C, H], where what hangs on users or items alone is computed once for each. */
function factored(
  { weight, bias }: Affine,
  parts: readonly Part[],
  { p_BD, items_VD, item_C }: { readonly p_BD: Tensor; readonly items_VD: Tensor; readonly item_C: Tensor },
): Tensor {
  const [, size] = items_VD.shape as [number, number]
  const weightOf = (part: Part): Tensor | undefined => {
    const at = parts.indexOf(part)
    return at < 0 ? undefined : weight.slice(0, at * size, (at + 1) * size)
  }
  const [ofUser, ofItem, ofProduct] = [weightOf('user'), weightOf('item'), weightOf('product')]
  const terms_BCH = [
    ...(ofUser ? [p_BD.matmul(ofUser).unsqueeze(1)] : []),
    ...(ofItem ? [items_VD.matmul(ofItem).rows(item_C)] : []),
    ...(ofProduct ? [items_VD.rows(item_C).matmul(mul(p_BD.unsqueeze(2), ofProduct))] : []),
    ...(bias ? [bias] : []),
  ]
  return terms_BCH.reduce((sum, term) => add(sum, term))
}
