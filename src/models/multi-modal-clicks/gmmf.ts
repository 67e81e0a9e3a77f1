/**
 * @file GMMF: what a picture and a text say that the id does not. A generator predicts their codes from the id, a gate
 * takes the predicted out of each, and what is left of a history, pooled towards the candidate, is weighed by gates
 * that read the user. Xiao, Deng, Chen, Ji, Yang, Ding & Long, ACM Multimedia 2022. [bib: gmmf]
 *   (1)  e^m = x^m E_m + b, o^m = relu(e^m), y^m = e^m R_m + r                   -> [.., D]
 *   (2)  g^m = relu(x^id G1 + b1) G2 + b2, the generator                         -> [.., D]
 *   (3)  d^m(x^id, z) = relu([x^id, x^id - z, x^id * z, z] D1 + c1) D2 + c2, the
 *        discriminator                                                           -> [..]
 *   (4)  n^m = o^m - k^m * g^m, k^m = sigmoid([o, g, o * g, o - g] K_m + k)       -> [.., D]
 *   (5)  a^m_l = relu(s_l) / (sum_l relu(s_l) + 1e-8), s_l = n^m . n^m_l         -> attention_BL
 *        v^m = sum_l a^m_l (n^m_l + what was done)                               -> [B, D]
 *   (6)  q^m = D softmax(relu(user P1 + p1) P2 + p2), m the id too               -> [H, D]
 *   (7)  logit = MLP([v^image * q^image, v^text * q^text, x^id * q^id, the
 *        candidate's numbers, user, its numbers])                                -> logit_B
 *   (8)  L_rec = sum_m mean (y^m - sg(x^m))^2
 *   (9)  L_disc = sum_m mean softplus(-d(id, o)) + mean softplus(d(id, g)), of sg(id), sg(o), sg(g)
 *   (10) L_gen = sum_m mean softplus(-d(sg(id), G(sg(id)))), the parameters of d frozen
 *   (11) L = log loss + `reconstructionWeight` L_rec + L_disc + L_gen
 * Symbols: m is image or text, each with networks of its own; D = `modalitySize`; sg stops a gradient; (8-10) are means
 * over the candidates plus means over the events of their histories; `explain` tells the mean of a over m.
 * We have neither the paper's body nor code of its authors: all equations are a third party's (MMCTR-Bench). That the
 * paper has this plan, a difference set network (1-4) and a modal-interest network (5-7), is from its abstract as
 * remembered (unconfirmed).
 * Differs, from that benchmark:
 * - frozen vectors stand for whatever the paper reads of pictures and titles; a missing one is a learned row (R-M1);
 * - three optimizers take turns there, from an epoch on. Here one step moves all, each loss parameters of its own: (9)
 *   the discriminators, (10) the generators, the log loss and (8) everything else. In (4) the generators' parameters
 *   are frozen and the id learns through them, as there. `adversarialEpoch` is the first epoch of (9-10);
 * - generators and discriminators learn at `adversarialRate` of the rate, which src/models/parts/own-rate.ts makes;
 * - y^m has no ReLU, as x^m has negative numbers (`reconstruction: 'relu'` has it), and the target of (8) passes no
 *   gradient: a projection could shrink to please it;
 * - (5) divides by the sum of what the ReLU leaves; the plain sum there makes a history that disagrees pick the events
 *   that disagree most, and weights without bound where it is near 0;
 * - (6) has the factor D, so that an even gate is 1; it reads the user's embedded fields;
 * - `generator: 'regression'` puts a squared error in the place of (9-10), and 'none' takes nothing out. Both are ours,
 *   and so is `targetDifference`: as there, the candidate's own picture and text enter by (5) alone;
 * - what was done is added to events in the sum, not in the scores; weights begin as in the other models of clicks;
 * - a catalog without pictures and texts, which it refuses there, has (6-7) of the id alone.
 */
import * as z from 'zod'
import { type Impressions, impressions } from '../../batches/impressions.ts'
import { weightedSum } from '../../nn/activation-unit.ts'
import { mlp } from '../../nn/mlp.ts'
import { noNoise } from '../../nn/noise.ts'
import { addAll, div, mul } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat, split } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { type BuiltModel, defineModel, type Losses, type Pass } from '../contract/model.ts'
import { readsCatalog } from '../parts/catalog-once.ts'
import { embeddingSize, outputOptions } from '../parts/click-options.ts'
import { clickOutput } from '../parts/click-output.ts'
import { type Embedded, embeddedFields, withBehaviorBySide } from '../parts/field-embeddings.ts'
import { itemVectors } from '../parts/item-vectors.ts'
import { flag, lossWeight, maxEvents } from '../parts/options.ts'
import { modalitySize } from './fusion-options.ts'
import { modalityDifference } from './modality-difference.ts'

const config = z.strictObject({
  embeddingSize,
  modalitySize: modalitySize(64),
  generator: z
    .enum(['gan', 'regression', 'none'])
    .default('gan')
    .describe(
      'what predicts the code of a picture or text from the id: a generator that a discriminator judges, one trained by its squared error, or none, and then nothing is taken out',
    ),
  adversarialRate: z
    .number()
    .min(0.001)
    .max(100)
    .default(0.1)
    .describe('learning rate of generators and discriminators, as a multiple of the rate of everything else'),
  adversarialEpoch: z
    .int()
    .min(1)
    .max(1000)
    .default(1)
    .describe('the first epoch in which generators and discriminators learn'),
  reconstructionWeight: lossWeight(
    0.1,
    'weight of the loss by which codes tell the vectors that they were made of; 0 leaves it out',
  ),
  reconstruction: z
    .enum(['linear', 'relu'])
    .default('linear')
    .describe('what is compared with these vectors: a linear map of a code, or its ReLU, which is never negative'),
  targetDifference: flag("let the output network read the candidate's own differences too, beside its id"),
  ...outputOptions,
  maxLength: maxEvents,
})
type GmmfConfig = z.infer<typeof config>

/** GMMF; see the file's header. */
export const gmmf = defineModel({
  slug: 'gmmf',
  task: 'clicks',
  title: 'GMMF',
  withoutContent: 'reads no history, of which it pools pictures and texts alone; train din',
  reducedForm: 'a third party’s model of that name over frozen vectors: what the paper itself has is unconfirmed',
  config,
  build,
})

function build(config: GmmfConfig, catalog: CatalogShape): BuiltModel<Impressions> {
  const { modalitySize: width, maxLength, targetDifference } = config
  const items = itemReader(catalog, config)
  const { modalities } = items
  const users = embeddedFields(catalog, 'user', config.embeddingSize)
  const gatesOf = interestGates(['id', ...modalities], users, width)
  const pastWidth = width * modalities.length
  const read = pastWidth > 0 ? historyReader(catalog, modalities.length, width) : undefined
  const output = clickOutput(catalog, [pastWidth, width + (targetDifference ? pastWidth : 0)], config, { users })
  return {
    batches: impressions(maxLength),
    history: { maxLength, mergeBehaviors: true },
    score: {
      kind: 'clicks',
      forward(batch, pass) {
        const of = items.in(batch)
        const [candidates, events] = [of(batch.item_B), of(batch.history_HL)]
        const [ofId, ...ofModalities] = gatesOf(batch.user_H) as [Tensor, ...Tensor[]]
        const past = read?.(candidates.differences, events.differences, batch)
        const interest =
          past &&
          concat(
            past.pooled.map((v, at) => mul(v, ofModalities[at] as Tensor)),
            1,
          )
        const own = targetDifference ? candidates.differences : []
        const target = concat([mul(candidates.id, ofId), ...own], 1)
        return {
          logit_B: output({ interest, target, batch, noise: pass.noise }),
          reasons: past ? { attention: past.attention } : {},
          losses: () =>
            meanLosses([candidates, events], batch, {
              adversaries: startOf(config, pass),
              rebuilt: config.reconstructionWeight,
            }),
        }
      },
    },
  }
}

/** What is read of some items. */
interface ItemReading {
  /** [.., D] */
  readonly id: Tensor
  /** n, [.., D] for each modality */
  readonly differences: readonly Tensor[]
  /** While training: of each item, the sums of each loss over modalities, [..]. */
  readonly losses: Readonly<Record<string, Tensor>>
}

/** (1-4), and (8-10) of single items. */
function itemReader(
  catalog: CatalogShape,
  config: GmmfConfig,
): { readonly modalities: readonly string[]; readonly in: (batch: Impressions) => (ids: Tensor) => ItemReading } {
  const { modalitySize: width } = config
  const items = itemVectors(catalog, config)
  const [, ...modalities] = items.names
  const differences = modalities.map((name) => modalityDifference(name, config))
  return {
    modalities,
    in(batch) {
      const vectors = items.in(batch)
      const names = batch.serving ? [] : lossNames(modalities.length, config)
      const make = (ids?: Tensor): { readonly id: Tensor; readonly others: readonly Tensor[] } => {
        const [id, ...others] = vectors(ids) as [Tensor, ...Tensor[]]
        const each = differences.map((make, at) => make(id, others[at] as Tensor))
        const losses = names.length > 0 ? each.map((one) => one.losses()) : []
        const sums = names.map((name) => addAll(losses.map((one) => one[name] as Tensor)).unsqueeze(-1))
        return { id, others: [...each.map(({ difference }) => difference), ...sums] }
      }
      const every = readsCatalog(catalog, batch) ? make() : undefined
      const rest = every && every.others.length > 0 ? concat(every.others, -1) : undefined
      const sizes = [...modalities.map(() => width), ...names.map(() => 1)]
      return (ids) => {
        // Of events nobody reads the id, so that it is looked up by itself.
        const own = every ? { id: every.id.rows(ids), others: rest ? split(rest.rows(ids), -1, sizes) : [] } : make(ids)
        const { id, others } = own
        const losses = names.map((name, at) => [name, (others[modalities.length + at] as Tensor).reshape(ids.shape)])
        return { id, differences: others.slice(0, modalities.length), losses: Object.fromEntries(losses) }
      }
    },
  }
}

/** The losses that there are. */
function lossNames(modalities: number, { generator, reconstructionWeight }: GmmfConfig): readonly ItemLoss[] {
  if (modalities === 0) return []
  const rebuilt = reconstructionWeight > 0 ? (['reconstruction'] as const) : []
  if (generator === 'none') return rebuilt
  return generator === 'gan' ? [...rebuilt, 'discriminator', 'generator'] : [...rebuilt, 'generator']
}
type ItemLoss = 'reconstruction' | 'discriminator' | 'generator'

/** (8-10): losses of candidates [B] and of events [B, L], by name, as means over both. */
function meanLosses(
  [candidates, events]: readonly [ItemReading, ItemReading],
  { weight_B, mask_HL }: Impressions,
  weights: { readonly adversaries: number | Tensor; readonly rebuilt: number },
): Losses {
  const weight_BL = mul(weight_B.unsqueeze(1), mask_HL)
  const share_BL = div(weight_BL, weight_BL.sum().add(tiny))
  return Object.fromEntries(
    Object.entries(candidates.losses).map(([name, losses]) => {
      const value = mul(weight_B, losses)
        .sum()
        .add(mul(share_BL, events.losses[name] as Tensor).sum())
      return [name, { weight: name === 'reconstruction' ? weights.rebuilt : weights.adversaries, value }]
    }),
  )
}

/** 0 before the epoch in which generators and discriminators begin: Adam moves nothing that never had a gradient. */
const startOf = ({ adversarialEpoch: first }: GmmfConfig, pass: Pass): number | Tensor =>
  first === 1 ? 1 : pass.scheduled('adversarial', { training: (_, epoch) => (epoch < first ? 0 : 1), serving: 1 })

/** Keeps a sum of nothing from being divided by. */
const tiny = 1e-8

/** (5), both of candidates [B, D] and events [H, L, D] for each modality; parameter `field.behavior`. */
function historyReader(
  catalog: CatalogShape,
  modalities: number,
  width: number,
): (
  candidates: readonly Tensor[],
  events: readonly Tensor[],
  batch: Impressions,
) => { readonly pooled: readonly Tensor[]; readonly attention: Tensor } {
  const done = withBehaviorBySide(
    catalog,
    Array.from({ length: modalities }, () => width),
  )
  return (candidates, events, { behavior_HL, mask_HL }) => {
    const weights = candidates.map((n, at) => agreement(n, events[at] as Tensor, mask_HL))
    const summed = done(events, behavior_HL)
    return {
      pooled: weights.map((one, at) => weightedSum(one, summed[at] as Tensor)),
      attention: mul(addAll(weights), 1 / modalities),
    }
  }
}

/**
 * How much of a candidate's agreement with a history each event has, [B, L]: products above 0, over their sum; all 0
 * where no product is.
 */
export function agreement(n_BD: Tensor, n_HLD: Tensor, mask_HL: Tensor): Tensor {
  const [rows, width] = dims(n_BD, 2)
  const [histories, length] = dims(n_HLD, 3)
  const products =
    histories === 1
      ? matmul(n_BD, n_HLD.reshape([length, width]), { transposeB: true })
      : matmul(n_BD.reshape([rows, 1, width]), n_HLD, { transposeB: true }).reshape([rows, length])
  const above = mul(products.relu(), mask_HL)
  return above.div(above.sum([1], { keep: true }).add(tiny))
}

/** (6): [H, D] for each name; parameters `gate.NAME.{0,1}.{weight,bias}`. */
function interestGates(
  names: readonly string[],
  users: Embedded,
  width: number,
): (user_H: Tensor) => readonly Tensor[] {
  const networks = names.map((name) => mlp(`gate.${name}`, [users.width, width, width]))
  return (user_H) => {
    const user = users.read(user_H)
    return networks.map((network) => network(user, noNoise).softmax().mul(width))
  }
}
