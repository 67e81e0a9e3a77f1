/**
 * @file UniSRec: items are whitened text vectors, mixed by gated experts; a SASRec reads them; user and item are
 * compared by cosine. Hou et al., KDD 2022. [bib: unisrec]
 *   (1)  e_k = (drop(a) - m_k) W_k                          text_VW -> expert_VD, one of K
 *   (2)  g = softmax(a G + n (softplus(a S) + 0.01))        text_VW -> gate_VK; n is normal, 0 when serving
 *   (3)  x = sum_k g_k e_k                                  -> item_VD
 *   (4)  h = blocks(drop(LN(x_s + P (+ E_s)))), causal      item_BL -> state_PD
 *   (5)  r = cos(h, x (+ E)) / t                            state_PD -> scores_PV
 *   (6)  L = cross-entropy of r; before it, where asked, the contrasts of (7)
 *   (7)  NCE(h, x+) + lambda NCE(h, h'), no ids; h' reads the history with items left out
 * Numbers are the sheet's, not the paper's. Differs:
 * - **trained from scratch**: the paper pre-trains on five other domains, which a run here has not;
 * - `pretrainEpochs` pre-trains on the run's own split, with item drop alone: vectors of texts with words left out do
 *   not exist here. Positions and blocks are frozen after it, as in the paper;
 * - every position with a next item trains at once, which for a causal model is their loss;
 * - one mask is dropped for all experts, theirs has one an expert; an item that comes twice in a batch has one noise
 *   where the catalog is smaller than the batch;
 * - the pad is no class, and a duplicate adds nothing to a contrast's denominator (theirs adds 1);
 * - a learned vector is added where an item has no text, theirs reads zeros;
 * - the feed-forward layer has width 4 D; pictures may be added by a second adaptor (`image`).
 */
import * as z from 'zod'
import { augmented, type View } from '../../batches/extras/augmented.ts'
import { type Duplicates, duplicates } from '../../batches/extras/duplicates.ts'
import { type SequenceKind, type SequenceSettings, type Sequences, sequences } from '../../batches/sequences.ts'
import type { FeatureModality } from '../../dataset/schema.ts'
import { normal } from '../../nn/init.ts'
import { type Noise, noNoise } from '../../nn/noise.ts'
import { addAll } from '../../tensor/elementwise.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { defineModel, type Losses, objective, type Pass, type Stage, type Targets } from '../contract/model.ts'
import { causalBias } from '../parts/attention-bias.ts'
import { infoNce } from '../parts/info-nce.ts'
import { itemWindows } from '../parts/item-windows.ts'
import { neededModalities } from '../parts/needed-modalities.ts'
import { flag, headsDivide, lossWeight, sequenceOptions, temperature } from '../parts/options.ts'
import { frozenVectors } from '../parts/projected-vectors.ts'
import { explainParts, scoreParts, type TablePart } from '../parts/score-parts.ts'
import { type SequenceEncoder, sequenceEncoder } from '../parts/sequence-encoder.ts'
import { type Adaptor, whiteningExperts } from '../parts/whitening-experts.ts'

const config = z
  .strictObject({
    ...sequenceOptions,
    experts: z.int().min(1).max(64).default(8).describe('number of experts that a text goes through (K)'),
    adaptorDropout: z
      .number()
      .min(0)
      .max(0.95)
      .default(0.2)
      .describe("share of a text vector's numbers set to 0 while training, before the experts"),
    temperature: temperature(0.07, 'temperature of the softmax over cosines'),
    withId: z
      .boolean()
      .default(true)
      .describe("add ids to items (the paper's transductive setting); false reads texts alone (inductive)"),
    image: flag('read pictures too, by experts of their own, which the paper does not'),
    tableNoise: z
      .boolean()
      .default(true)
      .describe('let candidates have noise of their own while training; false takes them without, which is faster'),
    pretrainEpochs: z
      .int()
      .min(0)
      .max(1000)
      .default(0)
      .describe('epochs of contrasts before training, on the same split, which is not what the paper pre-trains on'),
    lambda: lossWeight(1e-3, 'weight of the contrast of two histories while pre-training'),
    withoutWhitening: flag('let experts project vectors without taking a center off'),
    withoutGateNoise: flag('let gates have no noise'),
  })
  .refine(...headsDivide('hiddenSize'))

type Config = z.infer<typeof config>

const slug = 'unisrec'
const reads = ({ image }: Config): readonly FeatureModality[] => (image ? ['image', 'text'] : ['text'])

/** UniSRec; see the file's header. */
export const unisrec = defineModel({
  slug,
  task: 'next-item',
  title: 'UniSRec',
  reducedForm: 'from scratch: not pre-trained on the five domains of the paper, which a run here has not',
  needs: reads,
  config,
  build(config, catalog) {
    const { hiddenSize, withId, tableNoise } = config
    const modalities = neededModalities(slug, reads(config), catalog)
    const adaptors = modalities.map((modality) => {
      const frozen = frozenVectors(modality, catalog)
      return { modality, adapt: whiteningExperts(modality, frozen, expertOptions(config)) }
    })
    const ids_VD = parameter('item', [catalog.itemCount + 1, hiddenSize], normal(), { rows: 'items' })
    const encoder = sequenceEncoder(config)
    const windows = itemWindows(config, catalog)
    const adapt: Adaptor = (noise, items) => addAll(adaptors.map((one) => one.adapt(noise, items)))
    const contents = adaptors.map(({ modality, adapt }): TablePart => [modality, adapt(noNoise)])
    const content_VD = addAll(contents.map(([, table]) => table))
    const withIds = (x: Tensor, ids: Tensor): Tensor => (withId ? x.add(ids) : x)
    const whole_VD = withIds(content_VD, ids_VD)
    const length_V1 = whole_VD.norm()
    const unitParts = [...contents, ...(withId ? [['id', ids_VD] satisfies TablePart] : [])].map(
      ([name, table]): TablePart => [name, table.div(length_V1)],
    )
    /** x of a history's items. Where a batch reads more of them than there are, all are adapted once. */
    const adapted = (item_BL: Tensor, noise: Noise): Tensor => {
      if (!noise.training) return content_VD.rows(item_BL)
      const [rows, length] = dims(item_BL, 2)
      return catalog.itemCount < rows * length ? adapt(noise).rows(item_BL) : adapt(noise, item_BL)
    }

    const user = (batch: Sequences, { noise, catalogLoss }: Pass) => {
      const items_BLD = withIds(adapted(batch.item_BL, noise), ids_VD.rows(batch.item_BL))
      const user_PD = cosineSide(encoder.atTargets(items_BLD, batch, noise), config)
      const table = (): Tensor => (tableNoise ? withIds(adapt(noise), ids_VD).l2Normalize() : whole_VD.div(length_V1))
      return {
        user: user_PD,
        reasons: unitParts.length > 1 ? scoreParts(user_PD, unitParts) : {},
        losses({ target_P, weight_P }: Targets): Losses {
          const given = { hidden: user_PD, table: table(), targets: target_P, weights: weight_P }
          const main = catalogLoss({ ...given, rowsOf: (ids) => given.table.rows(ids) })
          return { main: { weight: 1, value: main } }
        },
      }
    }
    const stages = (): readonly Stage[] => [
      pretraining(config, { windows, encoder, adapt, adapted }),
      fineTuning(sequences(windows), (batch, pass) => user(batch, pass).losses(batch)),
    ]
    return {
      batches: sequences(windows),
      history: windows,
      score: { kind: 'dot', table: whole_VD.div(length_V1), softmax: false, user },
      ...(config.pretrainEpochs > 0 && { stages: stages() }),
      ...(unitParts.length > 1 && { explain: explainParts(unitParts.map(([name]) => name)) }),
    }
  },
})

function expertOptions({ hiddenSize, experts, adaptorDropout, withoutWhitening, withoutGateNoise }: Config) {
  return {
    experts,
    width: hiddenSize,
    dropout: adaptorDropout,
    centered: !withoutWhitening,
    noisy: !withoutGateNoise,
  }
}

/** A user whose product with unit vectors is their cosine by the temperature. */
const cosineSide = (state_PD: Tensor, { temperature }: Config): Tensor => state_PD.l2Normalize().div(temperature)

/** (6) after pre-training: what it learned of sequences stays as it is. */
function fineTuning(batches: SequenceKind, losses: (batch: Sequences, pass: Pass) => Losses): Stage {
  const trains = (name: string): boolean => name !== 'position' && !name.startsWith('block')
  return {
    name: 'fine-tuning',
    epochs: 'until-best',
    objectives: [objective({ name: 'fine-tuning', batches, losses, trains })],
  }
}

/** What pre-training reads of the model. */
interface Pretrained {
  readonly windows: SequenceSettings
  readonly encoder: SequenceEncoder
  readonly adapt: Adaptor
  readonly adapted: (item_BL: Tensor, noise: Noise) => Tensor
}

/** (7), a window for each target, so that each has a history to leave items out of. */
function pretraining(
  { pretrainEpochs, lambda, temperature }: Config,
  { windows, encoder, adapt, adapted }: Pretrained,
): Stage {
  const batches = sequences({ ...windows, onePerWindow: true })
    .with(duplicates())
    .with(augmented('shortened', { how: ['drop'], dropShare: 0.2 }))
  const losses = (batch: Sequences & Duplicates & { shortened: View }, { noise }: Pass): Losses => {
    const { item_BL, length, rows, target_P, weight_P, same_PP, shortened } = batch
    const user_PD = encoder.atTargets(adapted(item_BL, noise), batch, noise)
    const other = encoder.whole(adapted(shortened.item_BL, noise), causalBias(length), noise)
    // Targets are in the order of their windows, and those behind only fill up.
    const other_PD = shortened.atLast(other).pad(0, 0, dims(target_P, 1)[0] - rows)
    const options = { temperature, same: same_PP, weights: weight_P }
    return {
      item: { weight: 1, value: infoNce(user_PD, adapt(noise, target_P), options) },
      history: { weight: lambda, value: infoNce(user_PD, other_PD, options) },
    }
  }
  return {
    name: 'pre-training',
    epochs: pretrainEpochs,
    objectives: [objective({ name: 'pre-training', batches, losses })],
  }
}
