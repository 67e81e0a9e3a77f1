/**
 * @file Interest centers: clusters of items that follow a history (eq. 8-14), and the choice among them (eq. 15-16).
 * No bias and no activation stands between the projections of eq. 10-13, so they fold into keys and values, once for
 * each window and head h:
 *   K' = E W_k,h W_q,h^T / sqrt(D / H)
 *   V' = E W_v,h U_h W_1 W_2
 *   (13) G = sigmoid(softmax(C K'^T + causal) V' + b_1 W_2 + b_2)
 */
import { xavier, zeros } from '../../nn/init.ts'
import type { Noise } from '../../nn/noise.ts'
import type { Projections } from '../../nn/transformer-block.ts'
import { mul, sigmoid } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat, reshape, slice, split } from '../../tensor/move.ts'
import { input, parameter, stopGradient, type Tensor, withGradient } from '../../tensor/node.ts'
import { softmax, standardize } from '../../tensor/normalize.ts'
import { recomputed } from '../../tensor/recompute.ts'
import { dims } from '../../tensor/shape.ts'
import { alphaOf, type Sgp4srConfig } from './config.ts'
import type { Encoded, Places, StreamEncoder } from './streams.ts'

/** A modality's vector of the user. */
export interface Interest {
  /** e~_u^m [B, Q, D] */
  readonly own_BQD: Tensor
  /** What of e_c each center is, [B, Q, k, D]. */
  readonly parts?: Tensor
}
/** Reads the interest of a modality out of its stream. */
export type Interests = (encoded: Encoded, places: Places, noise: Noise) => Interest

/** What the centers of one modality are made of. */
export interface CenterParts {
  /** The modality's stream. */
  readonly name: string
  /** X^m [V + 1, D] */
  readonly view_VD: Tensor
  readonly encoder: StreamEncoder
}

/** (8-16); the input `centers.NAME` is C^m. */
export function centerInterests({ name, view_VD, encoder }: CenterParts, config: Sgp4srConfig): Interests {
  const { hiddenSize: width, centers: count } = config
  const alpha = alphaOf(config, name)
  const [items] = dims(view_VD, 2)
  const start = input(`centers.${name}`, [count, items]).matmul(view_VD)
  const perceive = interestCenters(`centers.${name}`, { ...config, width }, encoder)
  return ({ memories, state_BQD }, { hidden_BQL }, noise) => {
    const [rows, places] = dims(state_BQD, 3)
    const gumbel = noise.gumbel([rows, places, count])
    const { chosen, parts } = perceive({ start, memories, hidden: hidden_BQL, state: state_BQD, gumbel })
    return { own_BQD: state_BQD.add(chosen.mul(alpha)), parts }
  }
}

/** W/o CIP: e~_u^m is E_u^m. */
export const withoutCenters: Interests = ({ state_BQD }) => ({ own_BQD: state_BQD })

/**
 * The sizes of the attention that centers share with their stream, the output of a layer, and the temperature of the
 * choice.
 */
export interface CenterConfig {
  readonly width: number
  readonly heads: number
  readonly temperature: number
  readonly centerLayers: 'residual' | 'printed'
}

/** What a stream shares with its centers. */
export type SharedLayers = Pick<StreamEncoder, 'projections' | 'norm'>

/** What the centers of one modality read. */
export interface CenterInputs {
  /** E_c^{m,0} [k, D] */
  readonly start: Tensor
  /** E_u^{m,l-1} [B, L, D] for each layer l. */
  readonly memories: readonly Tensor[]
  /** [B, Q, L]: 0 where a place sees a position, a large negative number where not. */
  readonly hidden: Tensor
  /** E_u^m [B, Q, D] at the places. */
  readonly state: Tensor
  /** [B, Q, k], added to the similarities before they are normalized. */
  readonly gumbel: Tensor | undefined
}

/** The chosen interest e_c [B, Q, D], and what of it each center is [B, Q, k, D]. */
export interface ChosenCenters {
  readonly chosen: Tensor
  readonly parts: Tensor
}

/** Values of one slice of a batch: few enough to stay in a processor's cache from one operator to the next. */
const sliceValues = 2 ** 20

/** The centers of one modality; parameters `NAME.layer*.{output,inner,outer}` [D, D], `.bias` [D] of the last two. */
export function interestCenters(
  name: string,
  config: CenterConfig,
  { projections, norm }: SharedLayers,
): (inputs: CenterInputs) => ChosenCenters {
  const { width, heads, temperature, centerLayers } = config
  const layers = projections.map((shared, layer) => centerLayer(`${name}.layer${layer}`, config, shared))
  const residual = centerLayers === 'residual'
  return ({ start, memories, hidden, state, gumbel }) => {
    const [rows, places, length] = dims(hidden, 3)
    const [count] = dims(start, 2)
    const sizes = sliceSizes(rows, places * count * Math.max(width, heads * length))
    const first = residual ? norm(start) : start
    const read = [state, ...layers.flatMap((layer, index) => layer(memories[index] as Tensor))].map((x) =>
      split(x, 0, sizes),
    )
    let begin = 0
    const slices = sizes.map((size, index): ChosenCenters => {
      const [from, to] = [begin, begin + size]
      begin = to
      const seen = hidden.slice(0, from, to)
      const noise = gumbel && slice(gumbel, 0, from, to)
      const chosenOf = ([asked, centers, ...keysAndValues]: readonly Tensor[]): ChosenCenters => {
        const attend = (x: Tensor, _: unknown, layer: number): Tensor => {
          const [keys, values] = keysAndValues.slice(2 * layer) as [Tensor, Tensor]
          return attention(x, { keys, values, seen, heads, residual })
        }
        return choose(asked as Tensor, layers.reduce(attend, centers as Tensor), noise, temperature)
      }
      const [asked, ...keysAndValues] = read.map((parts) => parts[index] as Tensor) as [Tensor, ...Tensor[]]
      const inputs = [asked, first, ...keysAndValues]
      return { parts: chosenOf(inputs).parts, chosen: recomputed(inputs, (copies) => chosenOf(copies).chosen) }
    })
    const [only, ...others] = slices as [ChosenCenters, ...ChosenCenters[]]
    if (others.length === 0) return only
    const joined = (part: keyof ChosenCenters): Tensor => {
      const each = slices.map((x) => x[part])
      return concat(each, 0)
    }
    return { chosen: joined('chosen'), parts: joined('parts') }
  }
}

function sliceSizes(rows: number, valuesPerRow: number): number[] {
  const size = Math.max(1, Math.floor(sliceValues / valuesPerRow))
  return Array.from({ length: Math.ceil(rows / size) }, (_, index) => Math.min(size, rows - index * size))
}

/** One layer's keys and values [B, H * L, D], made of a memory [B, L, D]. */
function centerLayer(name: string, { width, heads }: CenterConfig, { query, key, value }: Projections) {
  const square = (part: string): Tensor => parameter(`${name}.${part}`, [width, width], xavier(width, width))
  const [output, inner, outer] = [square('output'), square('inner'), square('outer')]
  const [innerBias, outerBias] = (['inner', 'outer'] as const).map((part) =>
    parameter(`${name}.${part}.bias`, [width], zeros),
  ) as [Tensor, Tensor]
  const size = width / heads
  /** [D, D] whose columns are heads -> [H, D, D / H]. */
  const perHead = ({ weight }: { weight: Tensor }): Tensor => weight.reshape([width, heads, size]).transpose([1, 0, 2])
  /** [H, D, D] -> x [B, L, D] times each of them, [B, H * L, D]. */
  const through = (x: Tensor, matrices: Tensor): Tensor => {
    const [rows, length] = dims(x, 3)
    const product = x.matmul(matrices.transpose([1, 0, 2]).reshape([width, heads * width]))
    return product
      .reshape([rows, length, heads, width])
      .transpose([0, 2, 1, 3])
      .reshape([rows, heads * length, width])
  }
  return (memory: Tensor): readonly [Tensor, Tensor] => {
    const after = output.matmul(inner).matmul(outer)
    const bias = innerBias.reshape([1, width]).matmul(outer).reshape([width]).add(outerBias)
    const keys = through(memory, perHead(key).matmul(perHead(query), { transposeB: true, scale: 1 / Math.sqrt(size) }))
    const values = through(memory, perHead(value).matmul(after.reshape([heads, size, width])))
    // A head's weights sum to 1, so a share of the bias in each of its values comes out whole.
    return [keys, values.add(bias.mul(1 / heads))]
  }
}

interface AttentionInputs {
  /** [b, H * L, D] */
  readonly keys: Tensor
  readonly values: Tensor
  /** [b, Q, L] */
  readonly seen: Tensor
  readonly heads: number
  /** Whether what the centers attended to is added to them, and the sum normalized. */
  readonly residual: boolean
}

/** Centers [k, D], or [b, Q * k, D] after a layer, to [b, Q * k, D]. */
function attention(centers: Tensor, { keys, values, seen, heads, residual }: AttentionInputs): Tensor {
  const [rows, places, length] = dims(seen, 3)
  const first = centers.shape.length === 2
  const count = (centers.shape.at(-2) as number) / (first ? 1 : places)
  // The first layer's centers are everybody's: their scores differ between places by what is seen alone.
  const scores = reshape(matmul(centers, keys, { transposeB: true }), [rows, first ? 1 : places, count, heads, length])
  const weights = scores
    .add(seen.reshape([rows, places, 1, 1, length]))
    .softmax()
    .reshape([rows, places * count, heads * length])
  const attended = sigmoid(weights.matmul(values))
  if (!residual) return attended
  const each = attended.reshape([rows, places, count, -1])
  return standardize(each.add(first ? centers : centers.reshape(each.shape))).reshape(attended.shape)
}

/**
 * (15) The mean of the centers, weighed by softmax((E_u . E_c + Gumbel) / temperature); states are [b, Q, D], centers
 * [b, Q * k, D].
 */
function choose(state: Tensor, centers: Tensor, gumbel: Tensor | undefined, temperature: number): ChosenCenters {
  const [rows, places, width] = dims(state, 3)
  const each = rows * places
  const asked = state.reshape([each, 1, width])
  const offered = centers.reshape([each, -1, width])
  const [, count] = dims(offered, 3)
  const [s, c] = [stopGradient(asked), stopGradient(offered)]
  const similarity = s.matmul(c, { transposeB: true, scale: 1 / temperature })
  const weights = softmax(gumbel ? similarity.add(gumbel.reshape([each, 1, count]).mul(1 / temperature)) : similarity)
  const mean = withGradient(weights.matmul(c), [asked, offered], (g) => {
    const forWeights = g.matmul(c, { transposeB: true, scale: 1 / temperature })
    const forScores = weights.mul(forWeights.sub(forWeights.mul(weights).sum([-1], { keep: true })))
    // Both uses of the centers in one product.
    return [forScores.matmul(c), matmul(concat([forScores, weights], 1), concat([s, g], 1), { transposeA: true })]
  })
  const parts = mul(weights.reshape([rows, places, count, 1]), c.reshape([rows, places, count, width]))
  return { chosen: mean.reshape([rows, places, width]), parts }
}
