/**
 * @file Interest centers: what each cluster of items becomes as a history goes on (ICA, eq. 10-14), and the choice among them (eq. 15).
 * No bias and no activation stands between the projections of eq. 10-13, so they fold into keys and values once a window:
 *   K' = E W_k,h W_q,h^T / sqrt(D / H), V' = E W_v,h U_h W_1 W_2, and eq. 13 is sigmoid(softmax(C K'^T + causal) V' + b_1 W_2 + b_2).
 */
import { xavier, zeros } from '../../nn/init.ts'
import type { Layer } from '../../nn/linear.ts'
import type { Projections } from '../../nn/transformer-block.ts'
import { add, mul, sigmoid, sub } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat, reshape, slice, split, transpose } from '../../tensor/move.ts'
import { parameter, stopGradient, type Tensor, withGradient } from '../../tensor/node.ts'
import { softmax, standardize } from '../../tensor/normalize.ts'
import { recomputed } from '../../tensor/recompute.ts'
import { sum } from '../../tensor/reduce.ts'

/** The sizes of the attention that centers share with their stream, what a layer keeps of them, and how soft the choice is. */
export interface CenterConfig {
  readonly width: number
  readonly heads: number
  readonly temperature: number
  readonly centerLayers: 'residual' | 'printed'
}

/** What a stream shares with its centers. */
export interface SharedLayers {
  readonly projections: readonly Projections[]
  readonly norm: Layer
}

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
    const [rows, places, length] = hidden.shape as [number, number, number]
    const sizes = sliceSizes(rows, places * (start.shape[0] as number) * Math.max(width, heads * length))
    const first = residual ? norm(start) : start
    const read = [state, ...layers.flatMap((layer, index) => layer(memories[index] as Tensor))].map((x) =>
      split(x, 0, sizes),
    )
    let begin = 0
    const slices = sizes.map((size, index): ChosenCenters => {
      const [from, to] = [begin, begin + size]
      begin = to
      const seen = reshape(slice(hidden, 0, from, to), [size, places, 1, 1, length])
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
    const joined = (part: keyof ChosenCenters): Tensor =>
      slices.length === 1
        ? (slices[0] as ChosenCenters)[part]
        : concat(
            slices.map((x) => x[part]),
            0,
          )
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
  const perHead = ({ weight }: { weight: Tensor }): Tensor =>
    transpose(reshape(weight, [width, heads, size]), [1, 0, 2])
  /** [H, D, D] -> x [B, L, D] times each of them, [B, H * L, D]. */
  const through = (x: Tensor, matrices: Tensor): Tensor => {
    const [rows, length] = x.shape as [number, number]
    const product = matmul(x, reshape(transpose(matrices, [1, 0, 2]), [width, heads * width]))
    return reshape(transpose(reshape(product, [rows, length, heads, width]), [0, 2, 1, 3]), [
      rows,
      heads * length,
      width,
    ])
  }
  return (memory: Tensor): readonly [Tensor, Tensor] => {
    const after = matmul(matmul(output, inner), outer)
    const bias = add(reshape(matmul(reshape(innerBias, [1, width]), outer), [width]), outerBias)
    const values = through(memory, matmul(perHead(value), reshape(after, [heads, size, width])))
    // A head's weights add up to 1, so a share of the bias in each of its values comes out whole.
    return [
      through(memory, matmul(perHead(key), perHead(query), { transposeB: true, scale: 1 / Math.sqrt(size) })),
      add(values, mul(bias, 1 / heads)),
    ]
  }
}

interface AttentionInputs {
  /** [b, H * L, D] */
  readonly keys: Tensor
  readonly values: Tensor
  /** [b, Q, 1, 1, L] */
  readonly seen: Tensor
  readonly heads: number
  /** Whether what the centers attended to is added to them, and the sum normalized. */
  readonly residual: boolean
}

/** Centers [k, D], or [b, Q * k, D] after a layer, to [b, Q * k, D]. */
function attention(centers: Tensor, { keys, values, seen, heads, residual }: AttentionInputs): Tensor {
  const [rows, places, , , length] = seen.shape as [number, number, number, number, number]
  const first = centers.shape.length === 2
  const count = (centers.shape.at(-2) as number) / (first ? 1 : places)
  // The first layer's centers are everybody's: their scores differ between places by what is seen alone.
  const scores = reshape(matmul(centers, keys, { transposeB: true }), [rows, first ? 1 : places, count, heads, length])
  const weights = reshape(softmax(add(scores, seen)), [rows, places * count, heads * length])
  const attended = sigmoid(matmul(weights, values))
  if (!residual) return attended
  const each = reshape(attended, [rows, places, count, -1])
  return reshape(standardize(add(each, first ? centers : reshape(centers, each.shape))), attended.shape)
}

/** Eq. 15: softmax((E_u . E_c + Gumbel) / temperature) over the centers, and their mean by it; states [b, Q, D], centers [b, Q * k, D]. */
function choose(state: Tensor, centers: Tensor, gumbel: Tensor | undefined, temperature: number): ChosenCenters {
  const [rows, places, width] = state.shape as [number, number, number]
  const each = rows * places
  const asked = reshape(state, [each, 1, width])
  const offered = reshape(centers, [each, -1, width])
  const count = offered.shape[1] as number
  const [s, c] = [stopGradient(asked), stopGradient(offered)]
  const similarity = matmul(s, c, { transposeB: true, scale: 1 / temperature })
  const weights = softmax(
    gumbel ? add(similarity, mul(reshape(gumbel, [each, 1, count]), 1 / temperature)) : similarity,
  )
  const mean = withGradient(matmul(weights, c), [asked, offered], (g) => {
    const forWeights = matmul(g, c, { transposeB: true, scale: 1 / temperature })
    const forScores = mul(weights, sub(forWeights, sum(mul(forWeights, weights), [-1], { keep: true })))
    // Both uses of the centers in one product.
    return [matmul(forScores, c), matmul(concat([forScores, weights], 1), concat([s, g], 1), { transposeA: true })]
  })
  const parts = mul(reshape(weights, [rows, places, count, 1]), reshape(c, [rows, places, count, width]))
  return { chosen: reshape(mean, [rows, places, width]), parts }
}
