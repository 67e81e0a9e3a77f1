/**
 * @file MARN: what an item's modalities say each by itself, and what all of them say alike, kept apart by two
 * discriminators; a recurrent reader of histories with attention. Li, Wang, Tan, Zeng, Ou & Zheng, WWW 2020.
 * [bib: marn]
 *   (1)  s^m = x^m S_m + b_m, m one of M modalities                               -> private_BD
 *   (2)  c^m = x^m I + i, one map for all                                         -> shared_BD
 *   (3)  s = sum_m tanh(s^m A_m + a_m) * s^m                                      -> [B, D]
 *   (4)  p0(c) = softmax(MLP0(c))                                                 -> [B, M]
 *   (5)  w^m = 1 - p0_m(sg(c^m)), over the mean over m, without gradient          -> gates_BM
 *   (6)  cw^m = w^m c^m                                                           -> [B, D]
 *   (7)  c = max over m of cw^m                                                   -> [B, D]
 *   (8)  p1(x) = softmax(MLP1(x)), of the reversed cw^m                           -> [B, M]
 *   (9)  the same MLP1 of s^m
 *   (10) item = s + c                                                             -> target_BD, history_HLD
 *   (11) g = GRU of [h_l, p_l], h_l the item and p_l what was done in event l     -> [H, L, D]
 *   (12) a_l = softmax_l(unit(g_l, item)), interest = sum_l a_l g_l               -> attention_BL, interest_BD
 *   (13) logit = MLP([interest, item, its numbers, user, its numbers])            -> logit_B
 *   (14) L_D0 = CE(MLP0(sg(c^m)), m)
 *   (15) L_D1 = CE(MLP1(reverse(cw^m)), m)
 *   (16) L_Ds = CE(MLP1(s^m), m)
 *   (17) L = log loss + L_D0 + `adversarialWeight` (L_D1 + L_Ds)
 * Symbols: D = `modalitySize`; x^m the id with its fields, picture, text or numbers; sg stops a gradient and reverse
 * turns its sign; (14-16) are means over the modalities of the candidates.
 * We have neither the paper nor code of its authors: (1-3), (5) and (9-10) are from a reader's notes with the
 * equations, (4), (7) and (14-17) from a third party's benchmark (MMCTR-Bench). The activation of (1-2), the sizes of
 * (4), the maximum of (7), how the gates of (11) read what was done, the form of (12), `adversarialWeight` and the
 * optimizer are (unconfirmed).
 * Differs:
 * - frozen vectors stand for a picture's and a title's encoders, of which the paper trains the one of titles; an item's
 *   numbers, standardized, stand for its counts in steps, and catalogs without any have no such modality;
 * - w^m is over its mean over the item's modalities: as printed D0 soon tells modalities apart for certain, so that the
 *   weights and the shared part fade. Whether MARN divides too, as the idea's source does by the mean of a batch (Zhang
 *   et al., CVPR 2018), is (unconfirmed); `weights: 'plain'` is as printed;
 * - w^m passes no gradient; in the benchmark it passes one into MLP0;
 * - the product with s^m in (3), MLP1 in (9) and its gradient into S_m are as in the notes; the benchmark has none;
 * - (15) reverses gradients, which the notes call adversarial training;
 * - (14-16) judge candidates, and no modality that an item lacks: a learned row stands in for it (R-M1), easily told;
 * - the paper's property of an event is what was done and when; here it is what was done;
 * - (11) is the layer of src/nn/gru.ts, so that what was done reaches the candidate state too (`propertyIn: 'gates'`
 *   keeps it out); padding comes last and is not attended to. (12) is DIN's unit, under a softmax;
 * - a catalog of ids alone has no discriminators;
 * - D is 64, the paper's 256; `reader: 'din'`, DIN's attention over items as in the benchmark, costs less.
 */
import * as z from 'zod'
import { type Impressions, impressions } from '../../batches/impressions.ts'
import { activationUnit, weightedSum } from '../../nn/activation-unit.ts'
import { gru } from '../../nn/gru.ts'
import { linear } from '../../nn/linear.ts'
import { mul } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import { unitSizes } from '../clicks/din.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { type BuiltModel, defineModel } from '../contract/model.ts'
import { maskBias } from '../parts/attention-bias.ts'
import { catalogOnce, readsCatalog } from '../parts/catalog-once.ts'
import { attentionSize, embeddingSize, outputOptions } from '../parts/click-options.ts'
import { clickOutput } from '../parts/click-output.ts'
import { type Numbers, numbersOf, smallRows, withBehavior } from '../parts/field-embeddings.ts'
import { itemVectors, type VectorsOfItems } from '../parts/item-vectors.ts'
import { lossWeight, maxEvents } from '../parts/options.ts'
import { modalitySize } from './fusion-options.ts'
import { modalitySplit } from './modality-split.ts'

const config = z.strictObject({
  embeddingSize,
  modalitySize: modalitySize(64).describe('width of every modality of an item, of its parts and of an item (D)'),
  splitActivation: z
    .enum(['none', 'relu'])
    .default('none')
    .describe('what follows the maps that split a modality into its private and its shared part'),
  weights: z
    .enum(['item', 'plain'])
    .default('item')
    .describe(
      "how shared parts are weighed: item divides by the mean of an item's weights; plain does not, and they fade to 0 while training",
    ),
  sharedPool: z
    .enum(['max', 'mean'])
    .default('max')
    .describe('what becomes of the shared parts of all modalities: the largest of each number, or the mean'),
  specific: z
    .enum(['shared', 'own', 'none'])
    .default('shared')
    .describe(
      'what tells the private parts apart: shared is the discriminator of the shared parts, own is another one, none leaves that loss out',
    ),
  discriminatorSize: z
    .int()
    .min(1)
    .max(1024)
    .default(64)
    .describe('width of the hidden layer of each discriminator, which says which modality a part is of'),
  adversarialWeight: lossWeight(
    0.05,
    'weight of the losses by which shared parts become alike and private parts different; 0 leaves them out',
  ),
  reader: z
    .enum(['apgru', 'din'])
    .default('apgru')
    .describe('what reads histories: a recurrent layer under attention, or DIN, which costs less'),
  propertyIn: z
    .enum(['input', 'gates'])
    .default('input')
    .describe('with the reader apgru: what reads what was done in an event, the whole recurrent layer or its gates'),
  attentionSize,
  ...outputOptions,
  maxLength: maxEvents,
})
type MarnConfig = z.infer<typeof config>

/** MARN; see the file's header. */
export const marn = defineModel({
  slug: 'marn',
  task: 'clicks',
  title: 'MARN',
  withoutContent: 'has little to keep apart: ids, and numbers where items have some; train din beside it',
  reducedForm: 'the whole model as far as notes on the paper tell it, over frozen vectors; no encoder is trained',
  config,
  build,
})

function build(config: MarnConfig, catalog: CatalogShape): BuiltModel<Impressions> {
  const { modalitySize: width, maxLength } = config
  const itemNumbers = numbersOf(catalog, 'item')
  const items = modalitiesOf(catalog, config, itemNumbers)
  const { names } = items
  const split = modalitySplit(names, config)
  const read = historyReader(catalog, config)
  const output = clickOutput(catalog, [width, width], config, { itemNumbers })
  const weighed = names.length > 1
  return {
    batches: impressions(maxLength),
    history: { maxLength, mergeBehaviors: true },
    score: {
      kind: 'clicks',
      ...(weighed && { gates: names }),
      forward(batch, { noise }) {
        const { item_B, history_HL, weight_B } = batch
        const vectors = items.in(batch)
        const of = catalogOnce(readsCatalog(catalog, batch), (ids) => {
          const parts = split.parts(vectors(ids))
          return concat([split.join(parts), ...parts.weights], -1)
        })
        const [target, gates] = (weighed ? of(item_B).split(-1, [width, names.length]) : [of(item_B)]) as [
          Tensor,
          Tensor?,
        ]
        const { interest, attention } = read(of(history_HL).slice(-1, 0, width), target, batch)
        const present = items.present.map((has) => has?.rows(item_B))
        return {
          logit_B: output({ interest, target, batch, noise }),
          reasons: { attention, ...(gates && { gates }) },
          losses: () => split.losses(split.parts(vectors(item_B)), { weight_B, present }),
        }
      },
    },
  }
}

/** The modalities of a catalog's items, [.., D] each. */
interface Modalities {
  readonly names: readonly string[]
  /** For each 1 where an item has it, [V + 1]; undefined where all have it. */
  readonly present: readonly (Tensor | undefined)[]
  in(batch: Impressions): VectorsOfItems
}

/** The id, picture and text of items, and their numbers x W + b; parameters of the latter `numbers.{weight,bias}`. */
function modalitiesOf(catalog: CatalogShape, config: MarnConfig, numbers: Numbers | undefined): Modalities {
  const items = itemVectors(catalog, config)
  if (!numbers) return items
  const project = linear('numbers', [catalog.itemNumbers, config.modalitySize])
  return {
    names: [...items.names, 'numbers'],
    present: [...items.present, undefined],
    in(batch) {
      const vectors = items.in(batch)
      const projected = catalogOnce(readsCatalog(catalog, batch), (ids) => project(numbers(ids)))
      return (ids) => [...vectors(ids), projected(ids)]
    },
  }
}

/** Reads the events' items [H, L, D] for candidates [B, D]. */
type HistoryReader = (
  history_HLD: Tensor,
  target: Tensor,
  batch: Impressions,
) => { readonly interest: Tensor; readonly attention: Tensor }

/** (11-12), or DIN; parameters `unit.*`, `field.behavior` and, of the recurrent layer, `reader.*`. */
function historyReader(catalog: CatalogShape, config: MarnConfig): HistoryReader {
  const { modalitySize: width, attentionSize } = config
  const unit = activationUnit('unit', width, unitSizes(attentionSize))
  if (config.reader === 'din') {
    const done = withBehavior(catalog, width)
    return (history_HLD, target, { behavior_HL, mask_HL: mask }) => {
      const history = done(history_HLD, behavior_HL)
      const attention = unit({ history, target, mask })
      return { interest: weightedSum(attention, history), attention }
    }
  }
  const states = propertyReader(catalog, config)
  return (history_HLD, target, { behavior_HL, mask_HL: mask }) => {
    const history = states(history_HLD, behavior_HL)
    const attention = mul(unit({ history, target, mask }).add(maskBias(mask)).softmax(), mask)
    return { interest: weightedSum(attention, history), attention }
  }
}

/** (11); a log of one behavior has no `field.behavior` [behaviors + 1, `embeddingSize`]. */
function propertyReader(
  { behaviors }: CatalogShape,
  { modalitySize: width, embeddingSize, propertyIn }: MarnConfig,
): (history_HLD: Tensor, behavior_HL: Tensor) => Tensor {
  if (behaviors.length === 1) return gru('reader', [width, width])
  const table = parameter('field.behavior', [behaviors.length + 1, embeddingSize], smallRows)
  if (propertyIn === 'gates') {
    const states = gru('reader', [width, width], { gatesFrom: embeddingSize })
    return (history_HLD, behavior_HL) => states(history_HLD, table.rows(behavior_HL))
  }
  const states = gru('reader', [width + embeddingSize, width])
  return (history_HLD, behavior_HL) => states(concat([history_HLD, table.rows(behavior_HL)], -1))
}
