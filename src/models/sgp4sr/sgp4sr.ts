/**
 * @file SGP4SR: a user read by each modality apart, the modalities as item graphs and interest centers rather than as
 * vectors. Li, Guo, Li, Yang & Hong, AAAI 2026. [bib: sgp4sr]
 *   (1-3)   A^m: neighbors by cosine, led by co-occurrence          offline, graph_VV, one a modality
 *   (4)     X^m = A^m E^id                                          -> view_VD, one a stream: image, text, id
 *   (5-7)   E_u^m = Trm^L(Dropout(LayerNorm(X^m[S_u] + P)))   item_BL -> state_BQD
 *   (8-9)   E_c^{m,0} = LayerNorm(C^m X^m)                          -> start_CD
 *   (10-13) G = sigmoid(FFN(attention(E_c^{m,l-1}, E_u^{m,l-1})))   start_CD -> attended_BQCD
 *   (14)    E_c^{m,l} = LayerNorm(E_c^{m,l-1} + G)                  attended_BQCD -> centers_BQCD
 *   (15)    e_c^m = GumbelSoftmax(E_u^m . E_c^m) . E_c^m            -> chosen_BQD
 *   (16)    e~^m = E_u^m + alpha_m e_c^m                            -> own_BQD
 *   (17)    e^s = sum_m rho_m E_u^m + E_u^id                        -> fused_BQD
 *   (18-20) r = e^s . E^id + sum_m rho_m e~^m . X^m                 -> [e^s; rho_m e~^m] . [E^id | X^m]
 *   (21-22) L = L_s + sum_m rho_m L_m, each a full cross-entropy    scalar
 * Symbols: B windows, L positions, Q places that targets read, P targets, D width (d), V items with the pad,
 * C centers (k).
 * Differs:
 * - A graph is normalized before it multiplies (R-S3), and the id stream reads the row-normalized co-occurrence graph
 *   (R-S4).
 * - Every position with a next item trains at once (R-S7).
 * - Blocks are post-norm with GELU, and each stream has its own, as in eq. 7 (`sharedLayers` shares one, as the code
 *   does).
 * - Item vectors are multiplied by sqrt(D) in eq. 5, which the paper does not print (`inputScale: 'none'` follows it).
 *   The code does so with pictures and texts; the ids it multiplies by D^0.9.
 * - A layer of centers adds its input and normalizes, and the first input is normalized (`centerLayers: 'printed'` does
 *   neither).
 * - The attention of eq. 10 has no biases and no dropout, its scores are divided by sqrt(D / heads), and sigma is the
 *   logistic function.
 * - Eq. 15 compares the user with the centers of the last layer; the code takes those before the first.
 * - Where a catalog has one modality its rho is 1, and where it has none the id stream is the model. W/o MUL has then
 *   nothing to fuse and is refused.
 * - An item without a modality is alone in that graph and in no center, and w/o CGC it has a learned vector.
 * - Of several events at one time, one, drawn anew each epoch, stands for all with their weights' sum.
 * The reasons are in docs/papers.md.
 */
import { type Sequences, sequences } from '../../batches/sequences.ts'
import type { FeatureModality } from '../../dataset/schema.ts'
import { normal } from '../../nn/init.ts'
import { noNoise } from '../../nn/noise.ts'
import { addAll, mul } from '../../tensor/elementwise.ts'
import { concat, split } from '../../tensor/move.ts'
import { type Parameter, parameter, type Tensor } from '../../tensor/node.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { defineModel, frozenOf, type Losses, type Offline, type Pass, type Targets } from '../contract/model.ts'
import { itemWindows } from '../parts/item-windows.ts'
import { alphaOf, hasCenters, hasGraphs, type Sgp4srConfig, sgp4srConfig } from './config.ts'
import { explainItems, reason } from './explain.ts'
import { type CenterParts, centerInterests, type Interest, type Interests, withoutCenters } from './interest-centers.ts'
import { graphViews, type ItemViews, type ModalStream, modalStreams, projectedViews } from './item-views.ts'
import { offline } from './offline.ts'
import { readPlaces, type StreamEncoder, streamEncoder } from './streams.ts'

/** SGP4SR; see the file's header. */
export const sgp4sr = defineModel({
  slug: 'sgp4sr',
  task: 'next-item',
  title: 'SGP4SR',
  withoutContent: 'is its id stream alone; train sasrec, which is that at less cost',
  config: sgp4srConfig,
  offline,
  build(config, catalog, made = {}) {
    const { hiddenSize } = config
    const items_VD = parameter('item', [catalog.itemCount + 1, hiddenSize], normal(), { rows: 'items' })
    const { viewOf, encoderOf, interestsOf } = partsOf(config, catalog, made, items_VD)
    const modalities = modalStreams(config, catalog).map(({ name, weight }) => {
      const [view_VD, encoder] = [viewOf(name), encoderOf(name)]
      return { name, weight, view_VD, encoder, interestsIn: interestsOf({ name, view_VD, encoder }) }
    })
    const [idView_VD, idEncoder] = [viewOf('id'), encoderOf('id')]
    const named = modalities.map(({ name }) => name)
    const windows = itemWindows(config, catalog)
    return {
      batches: sequences(windows),
      history: windows,
      frozen: frozenOf(made),
      score: {
        kind: 'dot',
        table: concat([items_VD, ...modalities.map(({ view_VD }) => view_VD)], 1),
        softmax: false,
        user({ item_BL, length, seen_BQ, atPlaces }: Sequences, { noise, catalogLoss }) {
          const places = readPlaces(seen_BQ, length)
          // (5-16) Each modality by itself.
          const read = modalities.map(({ encoder, interestsIn, ...modality }) => {
            const rows_BLD = modality.view_VD.rows(item_BL)
            const encoded = encoder.encode(rows_BLD, places, noise)
            const silent_BQD = encoder.encode(mul(rows_BLD, 0), places, noNoise).state_BQD
            return { ...modality, state_BQD: encoded.state_BQD, silent_BQD, ...interestsIn(encoded, places, noise) }
          })
          // (17) All of them fused.
          const { state_BQD } = idEncoder.encode(idView_VD.rows(item_BL), places, noise)
          const fused_BQD = addAll([state_BQD, ...read.map((modality) => modality.state_BQD.mul(modality.weight))])
          const sides_PW = atPlaces(concat([fused_BQD, ...read.map(({ own_BQD }) => own_BQD)], 2))
          const widths = [hiddenSize, ...named.map(() => hiddenSize)]
          const [fused_PD, ...own] = split(sides_PW, 1, widths) as [Tensor, ...Tensor[]]
          const modal = read.map((modality, at): ModalUser => ({ ...modality, own_PD: own[at] as Tensor }))
          return {
            // (18-20)
            user: concat([fused_PD, ...modal.map(({ own_PD, weight }) => own_PD.mul(weight))], 1),
            reasons: Object.assign(
              { [reason.fused]: fused_PD },
              ...modal.map((one) => reasonsOf(one, alphaOf(config, one.name))),
            ),
            // (21-22)
            losses: (targets) => ({
              // L_s: the paper's multimodal fusion, where a stream may be named `fused`.
              multimodal: { weight: 1, value: catalogLoss({ hidden: fused_PD, table: items_VD, ...meant(targets) }) },
              ...Object.assign({}, ...modal.map((one) => modalLoss(one, targets, catalogLoss))),
            }),
          }
        },
      },
      // Fused modalities have no score apart to tell of.
      ...(!named.includes('fused') && {
        explainsByLeavingOut: 'events',
        explain: (_, items, reasons, scores) => explainItems(named as FeatureModality[], items, reasons, scores),
      }),
    }
  },
})

/** What the method is put together from. */
interface Parts {
  readonly viewOf: ItemViews
  readonly encoderOf: (stream: string) => StreamEncoder
  readonly interestsOf: (parts: CenterParts) => Interests
}

/** The parts of the method; an ablation puts another in a part's place. */
function partsOf(config: Sgp4srConfig, catalog: CatalogShape, made: Offline, items_VD: Parameter): Parts {
  const positions_LD = parameter('position', [config.maxLength, config.hiddenSize], normal())
  const encoder = (name: string): StreamEncoder => streamEncoder(name, config, positions_LD)
  const shared = encoder('stream')
  return {
    viewOf: hasGraphs(config) ? graphViews(items_VD, made) : projectedViews(items_VD, catalog),
    encoderOf: config.sharedLayers ? () => shared : (stream) => encoder(`stream.${stream}`),
    interestsOf: hasCenters(config) ? (parts) => centerInterests(parts, config) : () => withoutCenters,
  }
}

/** A user by one modality. */
interface ModalUser extends Interest {
  readonly name: ModalStream
  /** rho_m */
  readonly weight: number
  readonly view_VD: Tensor
  readonly state_BQD: Tensor
  /** The same of items that the modality says nothing of, to explain scores by. */
  readonly silent_BQD: Tensor
  /** e~_u^m at the places of targets. */
  readonly own_PD: Tensor
}

function reasonsOf({ name, weight, state_BQD, silent_BQD, parts }: ModalUser, alpha: number): Record<string, Tensor> {
  return {
    [reason.stream(name)]: state_BQD.mul(weight),
    [reason.fusedBy(name)]: state_BQD.sub(silent_BQD).mul(weight),
    ...(parts && { [reason.centers(name)]: parts.mul(weight * alpha) }),
  }
}

const meant = ({ target_P, weight_P }: Targets) => ({ targets: target_P, weights: weight_P })

/** L_m */
function modalLoss(
  { name, weight, view_VD, own_PD }: ModalUser,
  targets: Targets,
  catalogLoss: Pass['catalogLoss'],
): Losses {
  const value = catalogLoss({
    hidden: own_PD,
    table: view_VD,
    rowsOf: (ids) => view_VD.rows(ids),
    ...meant(targets),
  })
  return { [name]: { weight, value } }
}
