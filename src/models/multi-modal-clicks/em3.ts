/**
 * @file EM3: learned queries make one content vector of an item's picture and text, histories are read by content and
 * by id, and a contrast keeps the two together. Deng, Xu, Li, Yu, Xue, Wang, Zhang, Liu, Zhou, Song, Mou, Jiang & Li,
 * arXiv 2404.06078, 2024. [bib: em3]
 *   (1)  T = projections of the picture and the text, one token each              -> [B, M, D]
 *   (2)  Y = [Z, T], Z the learned queries; in each layer
 *        Y = LayerNorm(Y + drop(attention(Y, Y, Y)))                              -> [B, Q + M, D]
 *   (3)  c = [Y_1, .., Y_Q] W_c + b_c                                             -> content_BD, content_HLD
 *   (4)  v^c = sum_l a^c(c_l, c) c_l, v^id = sum_l a^id(e_l, e) e_l, e the id's
 *        fields, a units of DIN; what was done is added to c_l and e_l            -> content_BD, id_BI
 *   (5)  logit = MLP([v^c, v^id, c, e, item's numbers, user, its numbers])        -> logit_B
 *   (6)  u = normalize(c W_u + b_u), j = normalize(e W_j + b_j)                   -> [B, D]
 *   (7)  L_cic = (NCE(u, j) + NCE(j, u)) / 2, NCE(u, j) = mean_i -log softmax_k(u_i . j_k / t)[i]
 *   (8)  L = log loss + `cicWeight` L_cic
 * Symbols: D = `modalitySize`, Q = `queries`, t = `temperature`; (1) to (3) are the paper's Fusion Q-Former, (7) is
 * its content-ID contrast (CIC).
 * Differs:
 * - the paper trains the encoders of pictures and words with the ranker; frozen vectors stand for them, one token each,
 *   as in the forward pass of the code by an anonymous account (em3e2e-anonymous/em3), from which (1) to (3) and (7)
 *   are. Adapters of low rank, which made long histories affordable to encoders, spare nothing here and are left out:
 *   one encoder reads candidates and events;
 * - that code recommends on a graph (FREEDOM) and is trained by BPR; the click model, (4) and (5), stands for the
 *   industrial ranker, whose exact reader of histories is (unconfirmed);
 * - a missing picture or text is a learned row (R-M1); a catalog with one of them has one token, and without both the
 *   model is DIN over ids, with neither content nor contrast;
 * - the id is no token: a third party's benchmark (MMCTR-Bench) makes it one;
 * - (7) contrasts the candidates of a batch with each other, where the code takes all items at every step and draws 16
 *   negatives for each. Rows of one item are no negatives of each other, and items that share the row of rare ids are
 *   left out;
 * - the root of (2)'s attention and the lengths of (6) lack the 1e-5 that the code adds;
 * - in a step that makes the whole catalog's content once, what is dropped of an item is the same wherever it is read;
 * - `formerDropout` is 0.1, where the code has 0.5 to 0.8, and `cicWeight` is 0.01, where it has 0.001.
 */
import * as z from 'zod'
import { type Impressions, impressions } from '../../batches/impressions.ts'
import { linear } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { equal, greater } from '../../tensor/compare.ts'
import { mul } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { type BuiltModel, defineModel } from '../contract/model.ts'
import { catalogOnce, readsCatalog } from '../parts/catalog-once.ts'
import { attentionSize, embeddingSize, outputOptions } from '../parts/click-options.ts'
import { clickOutput } from '../parts/click-output.ts'
import { categoricalFields, rowsOfFields } from '../parts/field-embeddings.ts'
import { infoNce } from '../parts/info-nce.ts'
import { presentModalities } from '../parts/modalities.ts'
import { dropout, headsDivide, lossWeight, maxEvents, temperature } from '../parts/options.ts'
import { frozenVectors, projectedVectors } from '../parts/projected-vectors.ts'
import { eventReading } from './event-reading.ts'
import { modalitySize } from './fusion-options.ts'
import { type QueryFormerConfig, queryFormer } from './query-former.ts'

const config = z
  .strictObject({
    embeddingSize,
    modalitySize: modalitySize(64).describe('width of the tokens of pictures and texts, and of content (D)'),
    queries: z.int().min(1).max(64).default(2).describe('how many learned queries read the tokens (Q)'),
    formerLayers: z.int().min(1).max(12).default(1).describe('layers of attention between queries and tokens'),
    heads: z
      .int()
      .min(1)
      .max(64)
      .default(4)
      .describe('number of attention heads between queries and tokens; must divide modalitySize'),
    formerDropout: dropout
      .default(0.1)
      .describe('share of what each layer of attention finds that is set to 0 while training'),
    attentionDropout: dropout.default(0).describe("share of the attention's weights set to 0 while training"),
    readers: z
      .enum(['both', 'content'])
      .default('both')
      .describe('what histories are read by: content and ids, each with weights of its own, or content alone'),
    attentionSize: attentionSize.describe(
      'width of the first hidden layer in each of the units that weigh events; the second has half of it',
    ),
    cicWeight: lossWeight(
      0.01,
      'weight of the loss that brings the content and the id of one item together and sets those of others apart; 0 leaves it out',
    ),
    temperature: temperature(0.1, "what cosines are divided by in that loss's softmax"),
    ...outputOptions,
    maxLength: maxEvents,
  })
  .refine(...headsDivide('modalitySize'))
type Em3Config = z.infer<typeof config>

/** EM3; see the file's header. */
export const em3 = defineModel({
  slug: 'em3',
  task: 'clicks',
  title: 'EM3',
  withoutContent: 'has neither content nor contrast: it is DIN; train din, which is that at less cost',
  reducedForm:
    'the fusion by queries, the contrast of content and id, and attention over both, over frozen vectors: nothing trains an encoder, so the adapters that made this affordable are gone',
  config,
  build,
})

function build(config: Em3Config, catalog: CatalogShape): BuiltModel<Impressions> {
  const { embeddingSize, modalitySize, maxLength, cicWeight } = config
  const fields = categoricalFields(catalog, 'item', embeddingSize)
  const ofId = (ids: Tensor): Tensor => concat(rowsOfFields(fields, ids), -1)
  const idWidth = fields.tables.length * embeddingSize
  const content = itemContent(catalog, config)
  const sides = [...(content ? [{ name: 'content', width: modalitySize }] : []), { name: 'id', width: idWidth }]
  const readSides = config.readers === 'content' ? sides.slice(0, 1) : sides
  const reading = eventReading(catalog, readSides, config)
  const contrast = content && cicWeight > 0 ? contentIdContrast(idWidth, config) : undefined
  const targetWidth = sides.reduce((sum, { width }) => sum + width, 0)
  const output = clickOutput(catalog, [reading.width, targetWidth], config)
  return {
    batches: impressions(maxLength),
    history: { maxLength, mergeBehaviors: true },
    score: {
      kind: 'clicks',
      forward(batch, { noise }) {
        const { item_B, history_HL } = batch
        const ofContent = content && catalogOnce(readsCatalog(catalog, batch), (ids) => content(ids, noise))
        const all = ofContent ? [ofContent, ofId] : [ofId]
        const targets = all.map((of) => of(item_B))
        const events = all.slice(0, readSides.length).map((of) => of(history_HL))
        const { interest, attention } = reading.read(events, targets, batch)
        const logit_B = output({ interest, target: concat(targets, 1), batch, noise })
        const [content_BD, id_BI] = targets as [Tensor, Tensor]
        const row_B = fields.rows(item_B)[0] as Tensor
        return {
          logit_B,
          reasons: { attention },
          ...(contrast && {
            losses: () => ({ cic: { weight: cicWeight, value: contrast(content_BD, id_BI, { ...batch, row_B }) } }),
          }),
        }
      },
    },
  }
}

/** (1-3): the content of items, [.., D]; undefined where no item has a picture or a text. */
export function itemContent(
  catalog: CatalogShape,
  config: QueryFormerConfig,
): ((ids: Tensor | undefined, noise: Noise) => Tensor) | undefined {
  const tokens = presentModalities(catalog).map((name) =>
    projectedVectors(frozenVectors(name, catalog), config.modalitySize, name),
  )
  if (tokens.length === 0) return undefined
  const former = queryFormer(config)
  return (ids, noise) =>
    former(
      tokens.map((project) => project(ids)),
      noise,
    )
}

/** (6-7), a scalar; parameters `contrast.{content,id}.{weight,bias}`. */
function contentIdContrast(
  idWidth: number,
  { modalitySize, temperature }: Em3Config,
): (content_BD: Tensor, id_BI: Tensor, batch: Contrasted) => Tensor {
  const ofContent = linear('contrast.content', [modalitySize, modalitySize])
  const ofId = linear('contrast.id', [idWidth, modalitySize])
  return (content_BD, id_BI, { item_B, row_B, weight_B }) => {
    // Rare items share row 1: one id would have many contents.
    const weights = mul(weight_B, greater(row_B, 1).cast('float32'))
    const same = equal(item_B.reshape([-1, 1]), item_B).cast('float32')
    const [u, j] = [ofContent(content_BD), ofId(id_BI)]
    const options = { temperature, same, weights }
    return infoNce(u, j, options)
      .add(infoNce(j, u, options))
      .mul(0.5)
  }
}
/** The candidates of a batch, and the rows that their ids have. */
interface Contrasted extends Pick<Impressions, 'item_B' | 'weight_B'> {
  /** [B] int64 */
  readonly row_B: Tensor
}
