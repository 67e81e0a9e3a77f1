/** @file The streams of SGP4SR: the items as each graph shows them (eq. 4), and a causal Transformer over a history of each (eq. 5-7). */
import type { FeatureModality } from '../../dataset/schema.ts'
import { normal } from '../../nn/init.ts'
import { type Layer, layerNorm } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { attentionProjections, type Projections, transformerBlock } from '../../nn/transformer-block.ts'
import { add, addAll, greater, mul } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { cast, reshape, slice } from '../../tensor/move.ts'
import { input, integers, operation, type Parameter, parameter, type Tensor } from '../../tensor/node.ts'
import { sparseProduct } from '../../tensor/sparse-product.ts'
import type { CatalogShape, Offline } from '../contract/model.ts'
import { causalBias } from '../parts/causal-bias.ts'
import { frozenVectors, projectedVectors } from '../parts/projected-vectors.ts'
import { hasCenters, hasGraphs, type Sgp4srConfig } from './config.ts'

/** A modality as a stream, or both of them fused into one (w/o MUL). */
export type ModalStream = FeatureModality | 'fused'

/** One modality's view of the items. */
export interface ModalItems {
  readonly name: ModalStream
  /** rho_m; they add up to 1. */
  readonly weight: number
  /** X^m [V + 1, D]: A^m E^id, or projected features where there are no graphs. */
  readonly table: Tensor
  /** E_c^{m,0} [k, D], the same for every user. */
  readonly start: Tensor | undefined
}
/** All views of the items. */
export interface ItemViews {
  /** E^id [V + 1, D] */
  readonly items: Parameter
  /** What the id stream reads [V + 1, D]: A^o E^id; E^id itself where there are no graphs. */
  readonly id: Tensor
  readonly modalities: readonly ModalItems[]
}

/** The modalities of a catalog that become streams, with their rho. */
function modalStreams(
  { rho, withoutSeparation }: Sgp4srConfig,
  { features }: CatalogShape,
): { name: ModalStream; weight: number }[] {
  const present = (['image', 'text'] as const).filter((modality) => features[modality] !== undefined)
  if (present.length === 2 && withoutSeparation) return [{ name: 'fused', weight: 1 }]
  return present.map((name) => ({ name, weight: present.length === 1 ? 1 : name === 'image' ? rho : 1 - rho }))
}

/** The views of the items; parameters `item` and, without graphs, `image.*` and `text.*`. */
export function itemViews(config: Sgp4srConfig, catalog: CatalogShape, offline: Offline): ItemViews {
  const items = parameter('item', [catalog.itemCount + 1, config.hiddenSize], normal())
  const throughGraph = (name: string): Tensor => sparseProduct(`graph.${name}`, offline)(items)
  const projected = (name: ModalStream): Tensor => {
    const sources = name === 'fused' ? (['image', 'text'] as const) : [name]
    return addAll(
      sources.map((modality) => projectedVectors(frozenVectors(modality, catalog), config.hiddenSize, modality)()),
    )
  }
  const startOf = (name: ModalStream, table: Tensor): Tensor =>
    matmul(input(`centers.${name}`, offline[`centers.${name}`]?.shape ?? []), table)
  return {
    items,
    id: hasGraphs(config) ? throughGraph('id') : items,
    modalities: modalStreams(config, catalog).map(({ name, weight }) => {
      const table = hasGraphs(config) ? throughGraph(name) : projected(name)
      return { name, weight, table, start: hasCenters(config) ? startOf(name, table) : undefined }
    }),
  }
}

/** Where targets read a window: Q places in each. */
export interface Places {
  /** 1 at the position a place is at, zeros where there is no place, [B, Q, L]. */
  readonly at: Tensor
  /** Added to the scores of keys: 0 up to the position, a large negative number after it, [B, Q, L]. */
  readonly hidden: Tensor
}

/** The places of `place` [B, Q], positions from 0 in windows of `length`; -1 where there is none. */
export function placesOf(place: Tensor, length: number): Places {
  const positions = integers(Array.from({ length }, (_, at) => at))
  const column = reshape(place, [...place.shape, 1])
  const same = operation('Equal', { inputs: [column, positions], shape: [...place.shape, length], dtype: 'bool' })
  return { at: cast(same, 'float32'), hidden: mul(cast(greater(positions, column), 'float32'), -1e9) }
}

/** What a Transformer makes of a stream. */
export interface Encoded {
  /** E_u^{l-1} [B, L, D] for each layer l: what its attention reads. */
  readonly memories: readonly Tensor[]
  /** E_u [B, Q, D]: the last layer at the places alone. */
  readonly state: Tensor
}
/** A stream's Transformer. */
export interface StreamEncoder {
  readonly projections: readonly Projections[]
  /** The layer normalization of its input. */
  readonly norm: Layer
  encode(rows: Tensor, places: Places, noise: Noise): Encoded
}

/** Eq. 5-7; parameters `NAME.norm.*` and `NAME.block*`, and the given positions [L, D] that all streams share. */
export function streamEncoder(name: string, config: Sgp4srConfig, positions: Tensor): StreamEncoder {
  const { hiddenSize: width, layers, heads, dropout, inputScale } = config
  const norm = layerNorm(`${name}.norm`, width)
  const names = Array.from({ length: layers }, (_, layer) => `${name}.block${layer}`)
  const projections = names.map((block) => attentionProjections(`${block}.attention`, width))
  const blocks = names.map((block, layer) => transformerBlock(block, { width, heads, dropout }, projections[layer]))
  return {
    projections,
    norm,
    encode(rows_BLD, { at, hidden }, noise) {
      const [rows, length] = rows_BLD.shape as [number, number]
      const bias = causalBias(length)
      const scaled = inputScale === 'root' ? mul(rows_BLD, Math.sqrt(width)) : rows_BLD
      const memories = [noise.dropout(norm(add(scaled, slice(positions, 0, 0, length))), dropout)]
      for (const block of blocks.slice(0, -1)) memories.push(block({ query: memories.at(-1) as Tensor, bias, noise }))
      const memory = memories.at(-1) as Tensor
      const read = {
        query: matmul(at, memory),
        memory,
        bias: reshape(hidden, [rows, 1, ...hidden.shape.slice(1)]),
        noise,
      }
      return { memories, state: (blocks.at(-1) as (typeof blocks)[number])(read) }
    },
  }
}
