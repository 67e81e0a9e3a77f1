/**
 * @file NAML: an item's id, fields, picture and text as views, weighed by attention; events weighed by another. Wu, Wu,
 * An, Huang, Huang & Xie, IJCAI 2019. [bib: naml]
 *   (1)  r^f = ReLU(e_f V_f + v_f), e_f the row of the id or of a categorical field   -> view_BD
 *   (2)  r^m = ReLU(projection of modality m)                                         -> view_BD
 *   (3)  a_v = softmax_v(tanh(r^v W + b) u), item = sum_v a_v r^v                     -> gates_BV, target_BD
 *   (4)  g_l = softmax_l(tanh(h_l W' + b') u'), h_l event l's item plus what was done -> attention_BL
 *   (5)  user = sum_l g_l h_l                                                         -> user_HD
 *   (6)  logit = user . item + c                                                      -> logit_B
 * Symbols: m is image or text; V views; D = `modalitySize`, the paper's 400 convolution filters; `querySize` = its 200;
 * (1) are its category and subcategory, (2) stands for title and body.
 * Differs:
 * - frozen vectors stand for titles and bodies: word vectors, the convolution over words and the attention to words are
 *   gone, and what is left of "multi-view" is the attention over views, and that over clicked items;
 * - the id and every categorical field is a view, where the paper has a category and a subcategory and no id;
 * - a picture is a view, where the paper has none; one that is missing is a learned row (R-M1), a view that the whole
 *   catalog lacks is left out;
 * - events are masked, where the published codes weigh padding as an empty item; a history without events is zeros;
 * - the log loss of single labels, where the paper has a softmax over one clicked and four other items of an
 *   impression; so (6) has a learned number c, which cancels there;
 * - what was done in an event is added to its item;
 * - where a step reads the whole catalog once, what is dropped of an item is the same wherever it is read;
 * - D is 64 and the embeddings of fields are 16 wide, where the published codes have 400, and 50 or 100;
 * - embeddings begin as in the other models of clicks; `score: 'mlp'` is ours: the output network of the other models
 *   over user and item, with users' fields and numbers, which the dot product does not read.
 */
import * as z from 'zod'
import { type Impressions, impressions } from '../../batches/impressions.ts'
import { weightedSum } from '../../nn/activation-unit.ts'
import { xavier, zeros } from '../../nn/init.ts'
import { linear } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { addAll, mul } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import { parameter, scalar, type Tensor } from '../../tensor/node.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { type BuiltModel, defineModel } from '../contract/model.ts'
import { maskBias } from '../parts/attention-bias.ts'
import { catalogOnce, readsCatalog } from '../parts/catalog-once.ts'
import { dropout, embeddingSize, outputOptions } from '../parts/click-options.ts'
import { clickOutput } from '../parts/click-output.ts'
import { categoricalFields, fieldsInBatch, withBehavior } from '../parts/field-embeddings.ts'
import { modalityVectors } from '../parts/item-vectors.ts'
import { meanOverHistory } from '../parts/mean-over-history.ts'
import { maxEvents } from '../parts/options.ts'
import { modalitySize } from './fusion-options.ts'

const { hiddenSize, layers } = outputOptions
const config = z.strictObject({
  embeddingSize,
  modalitySize: modalitySize(64).describe('width of every view and of an item (D)'),
  querySize: z
    .int()
    .min(1)
    .max(1024)
    .default(64)
    .describe('width of the hidden layer that weighs views, and of the one that weighs events'),
  idView: z
    .boolean()
    .default(true)
    .describe('read the id as a view, which the paper does not; a catalog with nothing else has it in any case'),
  views: z.enum(['attention', 'mean']).default('attention').describe('how views are weighed: by attention, or alike'),
  events: z.enum(['attention', 'mean']).default('attention').describe('how events are weighed: by attention, or alike'),
  score: z
    .enum(['dot', 'mlp'])
    .default('dot')
    .describe(
      'how user and item meet: by their product, or in an output network, which reads the fields and numbers of both too',
    ),
  dropout: dropout.default(0.2).describe('share of embeddings, projections and views set to 0 while training'),
  hiddenSize: hiddenSize.describe('with the score mlp: width of the first hidden layer; each further one has half'),
  layers: layers.describe('with the score mlp: number of hidden layers'),
  maxLength: maxEvents,
})
type NamlConfig = z.infer<typeof config>

/** NAML; see the file's header. */
export const naml = defineModel({
  slug: 'naml',
  task: 'clicks',
  title: 'NAML',
  withoutContent: 'weighs the id and its fields as views; train din beside it',
  reducedForm: 'frozen vectors as views, without words and so without the attention to words',
  config,
  build,
})

function build(config: NamlConfig, catalog: CatalogShape): BuiltModel<Impressions> {
  const { modalitySize: width, maxLength, events } = config
  const { names, read } = viewsOf(catalog, config)
  // A single view has weight 1 whatever it is.
  const weighViews = config.views === 'attention' && names.length > 1 ? additiveScores('view', config) : undefined
  const weighEvents = events === 'attention' ? additiveScores('event', config) : undefined
  const done = withBehavior(catalog, width)
  const bias = parameter('bias', [1], zeros)
  const output = config.score === 'mlp' ? clickOutput(catalog, [width, width], config) : undefined

  /** (3): an item and its views' weights side by side, [.., D + V]. */
  const itemOf = (views: readonly Tensor[]): Tensor => {
    const shape = [...(views[0] as Tensor).shape.slice(0, -1), names.length]
    const weights = weighViews ? concat(views.map(weighViews), -1).softmax() : scalar(1 / names.length).expand(shape)
    const item = addAll(views.map((view, at) => mul(view, weights.slice(-1, at, at + 1))))
    return concat([item, weights], -1)
  }
  /** (4-5) */
  const userOf = (events_HLD: Tensor, mask_HL: Tensor): { user: Tensor; weights?: Tensor } => {
    if (!weighEvents) return { user: meanOverHistory(events_HLD, mask_HL) }
    const scores_HL = weighEvents(events_HLD).reshape(mask_HL.shape)
    const weights = mul(scores_HL.add(maskBias(mask_HL)).softmax(), mask_HL)
    return { user: weightedSum(weights, events_HLD), weights }
  }
  return {
    batches: impressions(maxLength),
    history: { maxLength, mergeBehaviors: true },
    score: {
      kind: 'clicks',
      gates: names,
      forward(batch, { noise }) {
        const { rows, item_B, history_HL, behavior_HL, mask_HL } = batch
        const views = read(batch, noise)
        const items = catalogOnce(readsCatalog(catalog, batch), (ids) => itemOf(views(ids)))
        const [target, gates] = items(item_B).split(-1, [width, names.length]) as [Tensor, Tensor]
        const history_HLD = items(history_HL).slice(-1, 0, width)
        const { user, weights } = userOf(done(history_HLD, behavior_HL), mask_HL)
        const logit_B = output ? output({ interest: user, target, batch, noise }) : mul(target, user).sum([1]).add(bias)
        const attention = weights?.expand([rows, weights.shape[1] as number])
        return { logit_B, reasons: { gates, ...(attention && { attention }) } }
      },
    },
  }
}

/** The views of items, [.., D] each, by indices of any shape; of all items without indices. */
type Views = (ids?: Tensor) => readonly Tensor[]

/**
 * (1-2); parameters `field.item.*`, `view.FIELD.{weight,bias}` and `MODALITY.{weight,bias,missing}`. Names of views are
 * those of fields, the id first, and of modalities.
 */
function viewsOf(
  catalog: CatalogShape,
  { embeddingSize, modalitySize: width, dropout, idView }: NamlConfig,
): { names: readonly string[]; read: (batch: Impressions, noise: Noise) => Views } {
  const fields = categoricalFields(catalog, 'item', embeddingSize)
  const modalities = modalityVectors(catalog, width)
  const all = fields.names.map((name, at) => ({ name, at, encode: linear(`view.${name}`, [embeddingSize, width]) }))
  // The id is the first of them.
  const encoders = idView || all.length + modalities.names.length === 1 ? all : all.slice(1)
  return {
    names: [...encoders.map(({ name }) => name), ...modalities.names],
    read(batch, noise) {
      const drop = (x: Tensor): Tensor => noise.dropout(x, dropout)
      const embedded = fieldsInBatch(fields, catalog, batch)
      const projected = modalities.in(batch)
      return (ids) => {
        const rows = embedded(ids)
        const views = [
          ...encoders.map(({ encode, at }) => encode(drop(rows[at] as Tensor))),
          ...projected.map((of) => drop(of(ids))),
        ]
        return views.map((view) => drop(view.relu()))
      }
    },
  }
}

/** tanh(x W + b) u, [.., D] -> [.., 1]: additive attention; parameters `NAME.{weight,bias,query}`. */
function additiveScores(name: string, { modalitySize: width, querySize }: NamlConfig): (x: Tensor) => Tensor {
  const inner = linear(name, [width, querySize])
  const query = parameter(`${name}.query`, [querySize, 1], xavier(querySize, 1))
  return (x) => inner(x).tanh().matmul(query)
}
