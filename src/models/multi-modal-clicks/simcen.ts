/**
 * @file SimCEN: two views of all fields, the triangles of a table of how fields meet, go through one network beside the
 * fields themselves, and a contrast keeps the views of one sample together. Li, Sang, Zhang & Zhang, ACM Multimedia
 * 2024. [bib: simcen]
 *   (1)  X = fields as rows; K = X W X^T, W not symmetric                        -> [B, F, E], [B, F, F]
 *   (2)  v1 = upper triangle of K times V1, v2 = lower one times V2              -> [B, F E], diagonals in both
 *   (3)  (e, a, b) = thirds of [ego, v1, v2] W_i + w_i, ego the fields of X side
 *        by side; from the second layer on the layer before in their place       -> [B, `hiddenSize` / 3] each
 *   (4)  gate = sigmoid(e U_i + u_i) / s_i; a = a + gate * a, b = b + gate * b
 *   (5)  from the second layer on: a = a + n^a_i + a of the layer before, b alike
 *   (6)  e = drop(ReLU(e)), a = drop(leaky ReLU(a)), b = drop(GELU(b))
 *   (7)  after the last layer: a = a + drop(e), b = b + drop(e), one draw
 *   (8)  logit = [e, a, b] w + w_0                                               -> logit_B
 *   (9)  L_c = mean_i (log sum_j exp(cos(a_i, b_j) / t) - (cos(e_i, a_i) + cos(e_i, b_i)) / 2t)
 *   (10) L = log loss + `contrastiveWeight` L_c
 * Symbols: E = `embeddingSize`, F fields, t = `temperature`; e, a and b are the published code's ego, v1 and v2, n its
 * noise, which is learned and not drawn, s its gate_tau.
 * Differs:
 * - the paper says nothing of pictures and texts, which are fields like others: frozen vectors of the candidate, and
 *   their means over the history, stand in for the published code's field of picture vectors, each projected to E, a
 *   learned row for a missing one (R-M1); a catalog without a modality has two fields less;
 * - the history is the mean of its items' ids, to which what was done is added;
 * - numbers are fields, each a learned row times the number, as in the framework that the code is written in (FuxiCTR);
 * - no batch normalization, which the code has for most data sets: a prediction must not hang on its neighbors;
 * - s is at least 0.001, as in a third party's benchmark (MMCTR-Bench): the code would divide by 0;
 * - the published widths of layers are any; here all layers are alike, as (5) needs from the second on, and they have
 *   192 units in place of 480;
 * - matrices begin by Xavier's uniform rule, where the code's begin by the normal one, and embeddings as in the other
 *   models of clicks;
 * - (9) lacks the 1e-5 that the code adds within its logarithm, and has no rows that only fill up a batch;
 * - (9) sets each sample apart from those of its batch: thousands in the paper, fewer here.
 */
import * as z from 'zod'
import { type Impressions, impressions } from '../../batches/impressions.ts'
import { filled, xavier } from '../../nn/init.ts'
import { linear } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { hiddenScore } from '../../tensor/attention.ts'
import { equal, greater, where } from '../../tensor/compare.ts'
import { add, div, mul, sub } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat, stack } from '../../tensor/move.ts'
import { constant, type Initializer, parameter, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { type BuiltModel, defineModel } from '../contract/model.ts'
import { dropout, embeddingSize, layers } from '../parts/click-options.ts'
import { withBehavior } from '../parts/field-embeddings.ts'
import { modalityVectors } from '../parts/item-vectors.ts'
import { meanOverHistory } from '../parts/mean-over-history.ts'
import { lossWeight, maxEvents, temperature } from '../parts/options.ts'
import { type WeightedFields, weightedFields } from '../parts/weighted-fields.ts'

const config = z
  .strictObject({
    embeddingSize: embeddingSize.describe('width of every field, those of pictures and texts among them (E)'),
    views: z
      .enum(['both', 'none'])
      .default('both')
      .describe('both reads how fields meet, from either side; none reads the fields alone, to compare'),
    hiddenSize: z
      .int()
      .min(3)
      .max(3072)
      .default(192)
      .describe('width of every layer, a third of it for the fields and a third for each view; must be divisible by 3'),
    layers: layers.default(3).describe('number of layers'),
    activations: z
      .enum(['mixed', 'relu'])
      .default('mixed')
      .describe('mixed has another activation for the fields and for each view; relu has the same for all'),
    dropout: dropout.default(0.1).describe("share of each layer's values set to 0 while training"),
    throughDropout: dropout
      .default(0.1)
      .describe("share of the fields' last values set to 0, while training, where they are added to both views"),
    contrastiveWeight: lossWeight(
      0.01,
      "weight of the loss that brings a sample's views near to its fields and sets those of different samples apart; 0 leaves it out",
    ),
    temperature: temperature(0.3, "what cosines are divided by in that loss's softmax"),
    maxLength: maxEvents,
  })
  .refine(({ hiddenSize }) => hiddenSize % 3 === 0, { path: ['hiddenSize'], message: 'must be divisible by 3' })
type SimcenConfig = z.infer<typeof config>

/** SimCEN; see the file's header. */
export const simcen = defineModel({
  slug: 'simcen',
  task: 'clicks',
  title: 'SimCEN',
  withoutContent: 'has two fields less for each of them, and is the published model of ids, fields and numbers',
  reducedForm:
    'the published model, with frozen vectors of pictures and texts as fields, and without batch normalization',
  config,
  build,
})

function build(config: SimcenConfig, catalog: CatalogShape): BuiltModel<Impressions> {
  const { maxLength, contrastiveWeight, temperature, hiddenSize } = config
  const read = streamsOf(catalog, config)
  const output = linear('output', [hiddenSize, 1])
  return {
    batches: impressions(maxLength),
    history: { maxLength, mergeBehaviors: true },
    score: {
      kind: 'clicks',
      forward(batch, { noise }) {
        const last = read(batch, noise)
        const logit_B = output(concat([last.ego, last.upper, last.lower], 1)).reshape([batch.rows])
        if (contrastiveWeight === 0) return { logit_B }
        const contrast = (): Tensor => viewContrast(last, { weights: batch.weight_B, temperature })
        return { logit_B, losses: () => ({ contrast: { weight: contrastiveWeight, value: contrast() } }) }
      },
    },
  }
}

/** (1-7) */
export function streamsOf(catalog: CatalogShape, config: SimcenConfig): (batch: Impressions, noise: Noise) => Streams {
  const { embeddingSize: width } = config
  const fields = fieldsOf(catalog, config)
  const views = config.views === 'both' ? fieldViews({ fields: fields.count, width }) : undefined
  const read = streams(fields.count * width * (views ? 3 : 1), config)
  return (batch, noise) => {
    const fields_BFE = fields.read(batch)
    const ego = fields_BFE.reshape([batch.rows, -1])
    return read(views ? concat([ego, ...views(fields_BFE)], 1) : ego, noise)
  }
}

/**
 * X of (1): the user's id, fields and numbers, the means over the history, the candidate's id, fields and numbers, and
 * its vectors; parameters `field.{user,item}.*`, `numbers.{user,item}`, `field.behavior` and
 * `MODALITY.{weight,bias,missing}`.
 */
function fieldsOf(
  catalog: CatalogShape,
  { embeddingSize: width }: SimcenConfig,
): { readonly count: number; readonly read: (batch: Impressions) => Tensor } {
  const [users, items] = [weightedFields(catalog, 'user', width), weightedFields(catalog, 'item', width)]
  const modalities = modalityVectors(catalog, width)
  const done = withBehavior(catalog, width)
  const categorical = 2 + Object.keys(catalog.userFields).length + Object.keys(catalog.fields).length
  const count = categorical + catalog.userNumbers + catalog.itemNumbers + 1 + 2 * modalities.names.length
  return {
    count,
    read(batch) {
      const { rows, user_H, item_B, history_HL, behavior_HL, mask_HL } = batch
      const vectors = modalities.in(batch)
      const events = [done(items.ids(history_HL), behavior_HL), ...vectors.map((of) => of(history_HL))]
      const past = events.map((x_HLE) => meanOverHistory(x_HLE, mask_HL))
      const ofUser = concat([...eachField(users.of(user_H)), stack(past, 1)], 1)
      const ofItem = [...eachField(items.of(item_B)), ...vectors.map((of) => of(item_B).unsqueeze(1))]
      // One user's fields serve all candidates.
      return concat([ofUser.expand([rows, ...dims(ofUser, 3).slice(1)]), ...ofItem], 1)
    },
  }
}

/** Fields as rows of their own: [R, categorical fields, E], and [R, numbers, E] where there are some. */
function eachField({ rows, numbers }: WeightedFields): Tensor[] {
  const categorical = stack(rows, 1)
  return numbers ? [categorical, mul(numbers.values.unsqueeze(2), numbers.table)] : [categorical]
}

/**
 * (1-2), [B, F, E] -> v1 and v2, [B, F E] each. Parameters `views.weight` [E, E] (W), `views.upper.weight` and
 * `views.lower.weight` [F (F + 1) / 2, F E], whose rows are a triangle's pairs row by row.
 */
export function fieldViews({ fields, width }: { readonly fields: number; readonly width: number }) {
  const meet = parameter('views.weight', [width, width], xavier(width, width))
  const pairs = (fields * (fields + 1)) / 2
  const triangles = [
    { name: 'upper', holds: (row: number, column: number) => row <= column },
    { name: 'lower', holds: (row: number, column: number) => row >= column },
  ].map(({ name, holds }) => ({
    weight: linear(`views.${name}`, [pairs, fields * width], { bias: false }).weight,
    places: placesOf(fields, holds),
  }))
  return (fields_BFE: Tensor): [upper: Tensor, lower: Tensor] => {
    const table = matmul(matmul(fields_BFE, meet), fields_BFE, { transposeB: true }).reshape([-1, fields * fields])
    // Weights are put where their pairs lie in the table: once, where the pairs of each row would be gathered.
    return triangles.map(({ weight, places }) => matmul(table, matmul(places, weight))) as [Tensor, Tensor]
  }
}

/** 1 where a place of a table of fields [F, F] is a triangle's pair, counted row by row: [F F, F (F + 1) / 2]. */
function placesOf(fields: number, holds: (row: number, column: number) => boolean): Tensor {
  const pairs = (fields * (fields + 1)) / 2
  const values = new Float32Array(fields * fields * pairs)
  let pair = 0
  for (let place = 0; place < fields * fields; place++)
    if (holds(Math.floor(place / fields), place % fields)) values[place * pairs + pair++] = 1
  return constant(values, [fields * fields, pairs])
}

/** What leaves the last layer, [B, `hiddenSize` / 3] each: e, a and b of the file's header. */
interface Streams {
  readonly ego: Tensor
  readonly upper: Tensor
  readonly lower: Tensor
}

/**
 * (3-7), [B, from] -> the three streams; parameters `layer.N.{weight,bias}` (W, w), `layer.N.gate.{weight,bias}` (U,
 * u), `layer.N.gate.temperature` (s), and from the second layer on `layer.N.{upper,lower}` (n).
 */
function streams(
  from: number,
  { hiddenSize, layers, activations, dropout, throughDropout }: SimcenConfig,
): (x: Tensor, noise: Noise) => Streams {
  const third = hiddenSize / 3
  const all = Array.from({ length: layers }, (_, at) =>
    streamLayer(`layer.${at}`, [at === 0 ? from : hiddenSize, third], at > 0),
  )
  const mixed = activations === 'mixed'
  return (x, noise) => {
    const activated = ({ ego, upper, lower }: Streams): Streams => ({
      ego: noise.dropout(ego.relu(), dropout),
      upper: noise.dropout(mixed ? where(greater(upper, 0), upper, mul(upper, 0.01)) : upper.relu(), dropout),
      lower: noise.dropout(mixed ? lower.gelu() : lower.relu(), dropout),
    })
    const [first, ...rest] = all as [StreamLayer, ...StreamLayer[]]
    const last = rest.reduce(
      (before, layer) => activated(layer(concat([before.ego, before.upper, before.lower], 1), before)),
      activated(first(x)),
    )
    const through = noise.dropout(last.ego, throughDropout)
    return { ego: last.ego, upper: add(through, last.upper), lower: add(through, last.lower) }
  }
}

/** (3-5): a layer of x, [B, from], and of the streams before it. */
type StreamLayer = (x: Tensor, before?: Streams) => Streams

function streamLayer(name: string, [from, third]: readonly [number, number], follows: boolean): StreamLayer {
  const all = linear(name, [from, 3 * third])
  const toGate = linear(`${name}.gate`, [third, third])
  const stored = parameter(`${name}.gate.temperature`, [third], filled(1))
  const [shiftUpper, shiftLower] = follows
    ? [parameter(`${name}.upper`, [third], fromZeroToOne), parameter(`${name}.lower`, [third], fromZeroToOne)]
    : []
  return (x, before) => {
    const [ego, a, b] = all(x).split(1, [third, third, third]) as [Tensor, Tensor, Tensor]
    const temperature = where(greater(stored, 0.001), stored, 0.001)
    const gain = add(div(toGate(ego).sigmoid(), temperature), 1)
    const next = (view: Tensor, shift: Tensor | undefined, last: Tensor | undefined): Tensor => {
      const gated = mul(view, gain)
      return shift && last ? add(add(gated, shift), last) : gated
    }
    return { ego, upper: next(a, shiftUpper, before?.upper), lower: next(b, shiftLower, before?.lower) }
  }
}

const fromZeroToOne: Initializer = (values, random) => {
  for (let at = 0; at < values.length; at++) values[at] = random.uniform()
}

/**
 * (9), a scalar. What a row's own views say of each other is among what it is set apart from; a row of weight 0 is
 * nobody's. @param weights [B]; they sum to 1
 */
export function viewContrast(
  { ego, upper, lower }: Streams,
  { weights, temperature }: { readonly weights: Tensor; readonly temperature: number },
): Tensor {
  const [e, a, b] = [ego.l2Normalize(), upper.l2Normalize(), lower.l2Normalize()]
  const own_B = mul(e, add(a, b))
    .sum([1])
    .mul(0.5 / temperature)
  const unused_B = equal(weights, 0).cast('float32').mul(hiddenScore)
  const pairs_BB = matmul(a, b, { transposeB: true, scale: 1 / temperature }).add(unused_B)
  return mul(weights, sub(pairs_BB.logSumExp([1]), own_B)).sum()
}
