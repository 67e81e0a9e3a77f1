/**
 * @file SGP4SR: a user read by each modality apart, the modalities as item graphs and interest centers rather than as vectors.
 * Li, Guo, Li, Yang & Hong, AAAI 2026. [bib: sgp4sr]
 *   (1-3)   A^m: neighbors by cosine, led by co-occurrence          offline, graph_VV, one a modality
 *   (4)     X^m = A^m E^id                                          -> table_VD       m in {image, text, id}
 *   (5-7)   E_u^m = Trm^L(Dropout(LayerNorm(sqrt(D) X^m[S_u] + P))) history_BL -> state_BQD
 *   (8-9)   E_c^{m,0} = LayerNorm(C^m X^m)                          -> start_CD
 *   (10-13) G = sigmoid(FFN(attention(E_c^{m,l-1}, E_u^{m,l-1})))   start_CD -> attended_BQCD
 *   (14)    E_c^{m,l} = LayerNorm(E_c^{m,l-1} + G)                  attended_BQCD -> centers_BQCD
 *   (15)    e_c^m = GumbelSoftmax(E_u^m . E_c^m) . E_c^m            -> chosen_BQD
 *   (16)    e~^m = E_u^m + alpha e_c^m                              -> own_BQD
 *   (17)    e^s = sum_m rho_m E_u^m + E_u^id                        -> fused_BQD
 *   (18-20) r = e^s . E^id + sum_m rho_m e~^m . X^m                 -> scores_MV, one product: [e^s; rho_m e~^m] . [E^id | X^m]
 *   (21-22) L = L_s + sum_m rho_m L_m, each a full cross-entropy    scalar
 * Symbols: B windows, L positions, Q places that targets read, M targets, D width (d), V items with the pad (X), C centers (k).
 * Differs:
 * - a graph is normalized before it multiplies (R-S3), the id stream reads the row-normalized co-occurrence graph (R-S4), and every position
 *   with a next item trains at once (R-S7): a target's centers saw only the positions up to its own;
 * - a Transformer for each stream, as eq. 7 has it (`sharedLayers` is the published code's one for all), post-norm with GELU;
 * - rows are multiplied by sqrt(D) before eq. 5 adds positions, as in the published code (`inputScale: 'none'` is eq. 5 as printed);
 * - centers begin normalized as their stream's input is, and a layer adds to them and normalizes (`centerLayers: 'printed'` does neither). As
 *   printed all centers of a user become nearly one vector, and the choice of eq. 15 nearly their mean. The published code lets them through
 *   the stream's whole block, feed-forward and all, at eight times the cost of an epoch;
 * - eq. 10 as printed has neither biases nor dropout; its scores are divided by sqrt(D / heads), as the stream that shares them does; sigma is
 *   the logistic function;
 * - similarities of eq. 15 are those of the last layer; the published code takes them from its inputs, before any layer;
 * - one modality alone has rho 1, and without any the id stream is the model; an item that lacks a modality keeps itself alone in its graph
 *   and belongs to no center;
 * - w/o CGC projects features, a learned vector standing in for a missing one, and the id stream reads E^id; w/o MUL is built on both
 *   modalities' unit vectors side by side;
 * - where several events share one time, one of them, drawn anew each epoch, stands for all with their weights' sum.
 */
import type { FeatureModality } from '../../dataset/schema.ts'
import { normal } from '../../nn/init.ts'
import { type Noise, noNoise } from '../../nn/noise.ts'
import { crossEntropy } from '../../tensor/cross-entropy.ts'
import { add, addAll, mul } from '../../tensor/elementwise.ts'
import { gather, lookup, selectRows } from '../../tensor/gather.ts'
import { concat, reshape, split } from '../../tensor/move.ts'
import { input, parameter, type Tensor } from '../../tensor/node.ts'
import {
  type BatchShape,
  type CatalogShape,
  defineModel,
  type NextItemModel,
  type Offline,
  type ServingGraph,
  type TrainingGraph,
} from '../contract/model.ts'
import { hasCenters, type Sgp4srConfig, sgp4srConfig } from './config.ts'
import { explainItems, reason } from './explain.ts'
import { fillBatch, graphInputs } from './fill.ts'
import { type ChosenCenters, interestCenters } from './interest-centers.ts'
import { offline } from './offline.ts'
import { type ItemViews, itemViews, type ModalStream, placesOf, streamEncoder } from './streams.ts'

/** SGP4SR; see the file's header. */
export const sgp4sr = defineModel({
  slug: 'sgp4sr',
  task: 'next-item',
  title: 'SGP4SR',
  config: sgp4srConfig,
  offline,
  build: (config, catalog, made = {}) => build(config, catalog, made),
})

/** What the streams read of the items. */
interface Source {
  /** Rows of what a stream reads, for a history [B, L] -> [B, L, D]. */
  readonly rows: (stream: ModalStream | 'id') => Tensor
  /** A modality's first centers [k, D]. */
  readonly start: (stream: ModalStream) => Tensor
}
/** What is known of the user at each place. */
interface User {
  /** e_u^s [B, Q, D] */
  readonly fused: Tensor
  /** For each modality E_u^m at the places, its chosen centers, and e~_u^m [B, Q, D]. */
  readonly modalities: readonly {
    readonly state: Tensor
    readonly centers: ChosenCenters | undefined
    readonly own: Tensor
  }[]
}
/** Eq. 5-17: the user at the places `place` [B, Q] of windows. */
type Reader = (place: Tensor, length: number, source: Source, noise: Noise) => User

function build(config: Sgp4srConfig, catalog: CatalogShape, made: Offline): NextItemModel {
  const { maxLength, stride, auxiliaryTargets, alpha } = config
  const { behaviors, target } = catalog
  const views = itemViews(config, catalog, made)
  const read = reader(config, views)
  const named = views.modalities.map(({ name }) => name)

  return {
    windows: {
      maxLength,
      stride: Math.min(stride, maxLength),
      targetWeights: behaviors.map((_, behavior) => (behavior === target ? 1 : auxiliaryTargets)),
      mergeBehaviors: true,
      onePerPosition: true,
    },
    frozen: Object.fromEntries(Object.entries(made).map(([name, { data }]) => [name, data])),
    table: () => concat([views.items, ...views.modalities.map(({ table }) => table)], 1),
    prepared: () => preparedTensors(views),
    train: (shape, noise) => trainingGraph(views, read, shape, noise),
    serve: (shape) => servingGraph(views, read, shape, alpha),
    fill: fillBatch,
    // Fused modalities have no score apart to tell of.
    ...(!named.includes('fused') && {
      explain: (_, items, reasons, scores) => explainItems(named as FeatureModality[], items, reasons, scores),
    }),
  }
}

/** Parameters `position`, `stream.*` and `centers.*`. */
function reader(config: Sgp4srConfig, { modalities }: ItemViews): Reader {
  const { hiddenSize: width, maxLength, alpha, centers: count } = config
  const positions = parameter('position', [maxLength, width], normal())
  const shared = config.sharedLayers ? streamEncoder('stream', config, positions) : undefined
  const encoderOf = (name: string) => shared ?? streamEncoder(`stream.${name}`, config, positions)
  const ofId = encoderOf('id')
  const streams = modalities.map(({ name, weight }) => {
    const encoder = encoderOf(name)
    const perceive = hasCenters(config) ? interestCenters(`centers.${name}`, { ...config, width }, encoder) : undefined
    return { name, weight, encoder, perceive }
  })
  return (place, length, source, noise) => {
    const places = placesOf(place, length)
    const read = streams.map(({ name, encoder, perceive }) => {
      const { memories, state } = encoder.encode(source.rows(name), places, noise)
      if (!perceive) return { state, centers: undefined, own: state }
      const gumbel = noise.gumbel([...place.shape, count])
      const centers = perceive({ start: source.start(name), memories, hidden: places.hidden, state, gumbel })
      return { state, centers, own: add(state, mul(centers.chosen, alpha)) }
    })
    const { state } = ofId.encode(source.rows('id'), places, noise)
    return {
      modalities: read,
      fused: addAll([state, ...read.map((modality, index) => mul(modality.state, streams[index]?.weight ?? 0))]),
    }
  }
}

/** Eq. 18-22 at the targets. */
function trainingGraph(
  { items, id, modalities }: ItemViews,
  read: Reader,
  shape: BatchShape,
  noise: Noise,
): TrainingGraph {
  const inputs = graphInputs(shape) as Required<ReturnType<typeof graphInputs>>
  const { history, place, sources, sourcesInverse, targets, weights } = inputs
  const source: Source = {
    rows(stream) {
      const table = modalities.find(({ name }) => name === stream)?.table ?? id
      return table === items ? gather(items, history) : lookup(table, history)
    },
    start: (stream) => modalities.find(({ name }) => name === stream)?.start as Tensor,
  }
  const user = read(place, shape.length, source, noise)
  const sides = concat([user.fused, ...user.modalities.map(({ own }) => own)], 2)
  const chosen = selectRows(reshape(sides, [-1, sides.shape[2] as number]), sources, sourcesInverse)
  const widths = [items, ...modalities].map(() => items.shape[1] as number)
  const [fused, ...own] = split(chosen, 1, widths) as [Tensor, ...Tensor[]]
  const main = crossEntropy({ hidden: fused, table: items, targets, weights })
  const apart = modalities.map(({ name, weight, table }, index) => {
    const loss = crossEntropy({
      hidden: own[index] as Tensor,
      table,
      targets,
      targetRows: lookup(table, targets),
      weights,
    })
    return { name, loss, weighted: mul(loss, weight) }
  })
  const parts = Object.fromEntries(apart.map(({ name, loss }) => [name, loss]))
  return { inputs, loss: addAll([main, ...apart.map(({ weighted }) => weighted)]), parts: { fused: main, ...parts } }
}

/** Names of what serving graphs are given ready made. */
const ready = {
  rows: (stream: string): string => `prepared.${stream}`,
  start: (stream: string): string => `prepared.${stream}.centers`,
} as const

function preparedTensors({ id, modalities }: ItemViews): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = { [ready.rows('id')]: id }
  for (const { name, table, start } of modalities) {
    tensors[ready.rows(name)] = table
    if (start) tensors[ready.start(name)] = start
  }
  return tensors
}

function servingGraph(views: ItemViews, read: Reader, { rows, length }: BatchShape, alpha: number): ServingGraph {
  const inputs = graphInputs({ rows, length, targets: 0 })
  const shapes = preparedTensors(views)
  const given = (name: string): Tensor => input(name, shapes[name]?.shape ?? [])
  const source: Source = {
    rows: (stream) => gather(given(ready.rows(stream)), inputs.history),
    start: (stream) => given(ready.start(stream)),
  }
  const user = read(inputs.place, length, source, noNoise)
  const reasons: Record<string, Tensor> = { [reason.fused]: user.fused }
  const apart = views.modalities.map(({ name, weight }, index) => {
    const { state, centers, own } = user.modalities[index] as User['modalities'][number]
    reasons[reason.stream(name)] = mul(state, weight)
    if (centers) reasons[reason.centers(name)] = mul(centers.parts, weight * alpha)
    return mul(own, weight)
  })
  return { inputs, user: reshape(concat([user.fused, ...apart], 2), [rows, -1]), reasons }
}
