/**
 * @file M3SRec, reconstructed: a Transformer over the ids, pictures and texts of a history, whose feed-forward layers
 * are mixtures of experts, some of one modality, some of all; it is pre-trained to match a history with its next item's
 * modalities. Bian et al., CIKM 2023. [bib: m3srec]
 * **No code was released and the paper could not be read**: of the abstract are the mixtures, within modalities and
 * across them, and pre-training that matches histories with items. All else is **unconfirmed**, every equation too.
 *   (1)  z = drop(LN(x^m_s + P + r_m)), x^id free, x^m = W_m a^m + b_m       item_BL -> token_BTD, T = M L
 *   (2)  y = LN(z + drop(attend(z))), to tokens of all modalities, up to its own place
 *   (3)  first layers: z = LN_m(y + drop(mix_m(y))), a mixture for each modality; mix = sum_k g_k FFN_k, g = softmax
 *   (4)  last layers: z = LN(y + drop(mix(y))), one mixture for all          -> state_PMD
 *   (5)  u = sum_m a_m h^m, a = softmax_m(w . tanh(h^m W)), h^m at the last place -> user_PD
 *   (6)  r = u . sum_m x^m_v, L = cross-entropy of r                         -> scores_PV
 *   (7)  before: L = mean over m, m' of NCE(h^m W', x^m' of the next item; t) scalar
 *   (8)  + lambda balance of gates, a mean over mixtures                     scalar
 * What is ours of this, beside what the sheet of the reconstruction has:
 * - attention is causal in places, so that all places of a window train at once; the one other reading that we know
 *   (`hdu-yzl/MMCTR-Bench`, for clicks) is not, and its experts have ReLU (`activation`);
 * - (7) has a row for each target, in groups of 1,024 at most; targets of one item are not each other's negatives, and
 *   an item without a picture or text is matched by the rest alone;
 * - a learned vector stands for a text or picture that an item lacks (R-M1); a catalog may lack either, or both;
 * - the pad is no class. Pre-training is on the run's own training events.
 */
import * as z from 'zod'
import { type Sequences, sequences } from '../../batches/sequences.ts'
import type { Modality } from '../../dataset/schema.ts'
import { normal } from '../../nn/init.ts'
import { layerNorm, linear } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { multiHeadAttention } from '../../nn/transformer-block.ts'
import { hiddenScore } from '../../tensor/attention.ts'
import { addAll } from '../../tensor/elementwise.ts'
import { concat, stack } from '../../tensor/move.ts'
import { constant, parameter, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { type BuiltModel, defineModel, type Losses, objective, type Pass, type Stage } from '../contract/model.ts'
import { expertMixture, gateBalance } from '../parts/expert-mixture.ts'
import { itemWindows } from '../parts/item-windows.ts'
import { presentModalities } from '../parts/modalities.ts'
import {
  auxiliaryTargets,
  dropout,
  flag,
  heads,
  headsDivide,
  hiddenSize,
  lossWeight,
  maxLength,
  stride,
  temperature,
} from '../parts/options.ts'
import { frozenVectors, projectedVectors } from '../parts/projected-vectors.ts'
import { targetContrast } from '../parts/target-contrast.ts'

const layerCount = (least: number, what: string) => z.int().min(least).max(12).default(1).describe(what)
const config = z
  .strictObject({
    hiddenSize,
    maxLength,
    stride,
    heads,
    specificLayers: layerCount(0, 'number of first layers, whose experts are of one modality each'),
    crossLayers: layerCount(1, 'number of last layers, whose experts are of all modalities'),
    experts: z.int().min(1).max(64).default(4).describe('number of experts in a mixture (K)'),
    activation: z.enum(['gelu', 'relu']).default('gelu').describe('what is between the two maps of an expert'),
    dropout: dropout.default(0.3),
    auxiliaryTargets,
    pretrainEpochs: z
      .int()
      .min(0)
      .max(1000)
      .default(20)
      .describe('epochs of matching histories with items before items are ranked'),
    pretrainTemperature: temperature(0.07, 'temperature of that matching'),
    lambdaBalance: lossWeight(0.01, 'weight of the loss that gives experts as many tokens each'),
    withoutPretraining: flag('rank items from the start'),
    withoutSpecificExperts: flag('give the first layers one feed-forward layer for all modalities'),
    withoutCrossExperts: flag('give the last layers one feed-forward layer in place of experts'),
    sharedFeedForward: flag(
      'give each layer one feed-forward layer for all modalities, as wide as its experts together',
    ),
  })
  .refine(...headsDivide('hiddenSize'))
type Config = z.infer<typeof config>

/** M3SRec; see the file's header. */
export const m3srec = defineModel({
  slug: 'm3srec',
  task: 'next-item',
  title: 'M3SRec (reconstructed)',
  reducedForm: 'no code, no full text: built from the abstract',
  withoutContent: 'is a Transformer over ids with a mixture of experts; train sasrec',
  config,
  build(config, catalog): BuiltModel<Sequences> {
    const { hiddenSize, maxLength } = config
    const streams = streamsOf(config, catalog)
    const names = streams.map(({ name }) => name)
    const positions = parameter('position', [maxLength, hiddenSize], normal())
    const kinds_MD = parameter('modality', [names.length, hiddenSize], normal())
    const norm = layerNorm('norm', hiddenSize)
    const layers = layersOf(config, names)
    const pool = pooling(config)
    const match = linear('match', [hiddenSize, hiddenSize], { bias: false, init: normal() })
    const table_VD = addAll(streams.map(({ table }) => table))
    const windows = itemWindows(config, catalog)

    /** (1-4) */
    const read = ({ item_BL, mask_BL, length, atLast }: Sequences, noise: Noise): Read => {
      const position_LD = positions.slice(0, 0, length)
      const tokens = streams.map(({ table }, at) =>
        table
          .rows(item_BL)
          .add(position_LD)
          .add(kinds_MD.slice(0, at, at + 1)),
      )
      const bias = placeBias(length, names.length)
      const gates: Tensor[][] = []
      const state_BTD = layers.reduce(
        (x_BTD, layer) => {
          const { output, gates: own } = layer(x_BTD, bias, noise)
          gates.push([...own])
          return output
        },
        noise.dropout(norm(concat(tokens, 1)), config.dropout),
      )
      return {
        states: names.map((_, at) => atLast(state_BTD.slice(1, at * length, (at + 1) * length))),
        lastGates: gates.at(-1)?.[0],
        balances: gates.flat().map((gate) => {
          const of = (gate.shape[1] as number) / length
          return gateBalance(gate, concat(Array<Tensor>(of).fill(mask_BL), 1))
        }),
      }
    }
    const balanced = ({ balances }: Read): Losses =>
      config.lambdaBalance > 0 && balances.length > 0
        ? { balance: { weight: config.lambdaBalance, value: addAll(balances).mul(1 / balances.length) } }
        : {}
    /** (7) */
    const matching = (batch: Sequences, { noise }: Pass): Losses => {
      const reading = read(batch, noise)
      const { target_P } = batch
      const options = { temperature: config.pretrainTemperature }
      const pairs = reading.states.flatMap((state_PD) =>
        streams.map(({ table, present }) => {
          const counted_P = present ? batch.weight_P.mul(present.rows(target_P)) : batch.weight_P
          const weight_P = counted_P.div(counted_P.sum().add(1e-9))
          return targetContrast(match(state_PD), table.rows(target_P), { target_P, weight_P }, options)
        }),
      )
      return { match: { weight: 1, value: addAll(pairs).mul(1 / pairs.length) }, ...balanced(reading) }
    }
    /** (6) */
    const ranking = (batch: Sequences, { noise, catalogLoss }: Pass): Losses => {
      const reading = read(batch, noise)
      const { target_P: targets, weight_P: weights } = batch
      const hidden = pool(reading.states).user
      const main = catalogLoss({ hidden, table: table_VD, targets, weights, rowsOf: (ids) => table_VD.rows(ids) })
      return { main: { weight: 1, value: main }, ...balanced(reading) }
    }
    const batches = sequences(windows)
    const stage = (name: string, epochs: Stage['epochs'], losses: typeof ranking): Stage => ({
      name,
      epochs,
      objectives: [objective({ name, batches, losses })],
    })
    const pretrained = config.pretrainEpochs > 0 && !config.withoutPretraining
    return {
      batches,
      history: windows,
      score: {
        kind: 'dot',
        table: table_VD,
        softmax: false,
        user(batch, { noise }) {
          const { states, lastGates } = read(batch, noise)
          const { user, shares } = pool(states)
          const ofTokens = names.map((_, at) => batch.length * at)
          const gates = lastGates && ofTokens.map((at) => batch.atLast(lastGates.slice(1, at, at + batch.length)))
          return { user, reasons: { shares, ...(gates && { gates: concat(gates, -1) }) } }
        },
      },
      stages: [
        ...(pretrained ? [stage('pre-training', config.pretrainEpochs, matching)] : []),
        stage('fine-tuning', 'until-best', ranking),
      ],
      ...(names.length > 1 && {
        explain: (_, items, { shares }) => {
          const modalities = Object.fromEntries(names.map((name, at) => [name, shares?.[at] as number]))
          return items.map((item) => ({ item, modalities }))
        },
      }),
    }
  },
})

/** What is made of a batch. */
interface Read {
  /** Of each modality at the last place before a target, [P, D]. */
  readonly states: readonly Tensor[]
  /** Gates of all tokens in the last layer, [B, T, K], where it has experts. */
  readonly lastGates: Tensor | undefined
  /** Of each mixture, scalars. */
  readonly balances: readonly Tensor[]
}

/** A modality as tokens, and as a part of items. */
interface Stream {
  readonly name: Modality
  /** [V + 1, D] */
  readonly table: Tensor
  /** 1 where an item has it, [V + 1]; all have an id. */
  readonly present?: Tensor
}

/** Ids, and the modalities that the catalog has; parameters `item` and `MODALITY.{weight,bias,missing}`. */
function streamsOf({ hiddenSize }: Config, catalog: CatalogShape): readonly Stream[] {
  const item = parameter('item', [catalog.itemCount + 1, hiddenSize], normal(), { rows: 'items' })
  return [
    { name: 'id', table: item },
    ...presentModalities(catalog).map((name): Stream => {
      const frozen = frozenVectors(name, catalog)
      return { name, table: projectedVectors(frozen, hiddenSize, name)(), present: frozen.present }
    }),
  ]
}

/** [T, T]: the token of a place sees those of all modalities up to that place. */
function placeBias(length: number, modalities: number): Tensor {
  const size = length * modalities
  const bias = Float32Array.from({ length: size * size }, (_, at) =>
    (at % size) % length > Math.floor(at / size) % length ? hiddenScore : 0,
  )
  return constant(bias, [size, size])
}

/** Tokens [B, T, D], modality by modality, and the gates that weighed experts. */
type ExpertLayer = (
  x_BTD: Tensor,
  bias: Tensor,
  noise: Noise,
) => { readonly output: Tensor; readonly gates: readonly Tensor[] }

/** (2-4); parameters `layerN.attention.*`, `layerN.norm.*`, and `layerN.{MODALITY,all}.{gate,in,out,norm}.*`. */
function layersOf(config: Config, names: readonly Modality[]): readonly ExpertLayer[] {
  const { hiddenSize: width, heads, dropout, activation, specificLayers, crossLayers, sharedFeedForward } = config
  return Array.from({ length: specificLayers + crossLayers }, (_, at) => {
    const specific = at < specificLayers
    const plain = specific ? config.withoutSpecificExperts : config.withoutCrossExperts
    const groups: readonly string[] = specific && !plain && !sharedFeedForward ? names : ['all']
    const shared = sharedFeedForward ? config.experts * (specific ? names.length : 1) : 1
    const sizes = plain
      ? { width, experts: 1 }
      : { width, experts: sharedFeedForward ? 1 : config.experts, inside: 4 * width * shared }
    const attend = multiHeadAttention(`layer${at}.attention`, { width, heads, dropout })
    const norm = layerNorm(`layer${at}.norm`, width)
    const mixtures = groups.map((group) => ({
      mix: expertMixture(`layer${at}.${group}`, { ...sizes, activation }),
      after: layerNorm(`layer${at}.${group}.norm`, width),
    }))
    return (x_BTD, bias, noise) => {
      const attended = norm(x_BTD.add(noise.dropout(attend({ query: x_BTD, bias, noise }), dropout)))
      const [, tokens] = dims(attended, 3)
      const size = tokens / groups.length
      const made = mixtures.map(({ mix, after }, group) => {
        const own = attended.slice(1, group * size, (group + 1) * size)
        const { output, gates } = mix(own)
        return { output: after(own.add(noise.dropout(output, dropout))), gates }
      })
      return {
        output: concat(
          made.map(({ output }) => output),
          1,
        ),
        gates: made.flatMap(({ gates }) => gates ?? []),
      }
    }
  })
}

/** (5); parameters `pool.weight` [D, D] and `pool.score` [D, 1]. */
function pooling({ hiddenSize: width }: Config) {
  const weight_DD = parameter('pool.weight', [width, width], normal())
  const score_D1 = parameter('pool.score', [width, 1], normal())
  return (states: readonly Tensor[]): { readonly user: Tensor; readonly shares: Tensor } => {
    const state_PMD = stack(states, 1)
    const shares = state_PMD.matmul(weight_DD).tanh().matmul(score_D1).reshape([-1, states.length]).softmax()
    return { user: state_PMD.mul(shares.unsqueeze(-1)).sum([1]), shares }
  }
}
