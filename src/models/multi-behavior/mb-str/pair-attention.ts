/** @file Attention of several heads in which every ordered pair of behaviors has matrices of its own. */
import { normal } from '../../../nn/init.ts'
import type { Noise } from '../../../nn/noise.ts'
import { attention } from '../../../tensor/attention.ts'
import { parameter, type Tensor } from '../../../tensor/node.ts'
import { dims } from '../../../tensor/shape.ts'
import { picked, type Tokens } from './behavior-layers.ts'
import { pairBias } from './pair-bias.ts'

/** The sizes of an attention. */
export interface PairAttentionConfig {
  readonly width: number
  readonly heads: number
  readonly dropout: number
  /** K */
  readonly kinds: number
  /** Whether pairs of behaviors have matrices; otherwise all behaviors have the same projections. */
  readonly byPair: boolean
  /** Whether distances count. */
  readonly byDistance: boolean
}

/** What attends to what. */
export interface Attending {
  /** The last places of the memory. */
  readonly query: Tokens
  readonly memory: Tokens
  /** Hides padding, broadcast to [H, B, Lq, L]. */
  readonly bias: Tensor
  readonly noise: Noise
}

/** What comes of it. */
interface Attended {
  /** [B, Lq, D] */
  readonly output: Tensor
  /** [H, B, Lq, L] */
  readonly weights: Tensor
}

/**
 * softmax_j(q_i M_ac k_j / sqrt(dk) + R_ac[j - i]) and sum_j P_ij v_j N_ac, a the behavior of i and c that of j, heads
 * side by side; no output projection. Parameters `NAME.{query,key,value}` [D, K D], `NAME.{scores,values}.{base,mix}`
 * and `NAME.bias`.
 *
 * No tensor has all pairs of places and of behaviors. Queries, keys and values lie at their behavior's place among K,
 * zeros elsewhere. One product with the matrices of all pairs makes of a query its K products with the M_ac, and of a
 * value those with the N_ac. Then one product K dk wide has all scores, and one has all outputs, of which each query
 * takes its own.
 */
export function pairAttention(name: string, config: PairAttentionConfig) {
  const { width, heads, dropout, kinds, byPair, byDistance } = config
  const headWidth = width / heads
  const own = byPair ? kinds : 1
  const projected = (part: string) => {
    const weight = parameter(`${name}.${part}`, [width, own * width], normal())
    /** [H, B, L, K dk] */
    return ({ hidden_BLD, behavior_BLK }: Tokens): Tensor => {
      const [rows, length] = dims(hidden_BLD, 3)
      const all = hidden_BLD.matmul(weight).reshape([rows, length, own, heads, headWidth])
      const spread = byPair ? all.mul(behavior_BLK.reshape([rows, length, own, 1, 1])) : all
      return spread.transpose([3, 0, 1, 2, 4]).reshape([heads, rows, length, own * headWidth])
    }
  }
  const [toQuery, toKey, toValue] = [projected('query'), projected('key'), projected('value')]
  const toScores = byPair ? pairMatrices(`${name}.scores`, { heads, kinds, width: headWidth }) : undefined
  const toValues = byPair ? pairMatrices(`${name}.values`, { heads, kinds, width: headWidth }) : undefined
  const distances = byDistance ? pairBias(`${name}.bias`, { kinds, heads }) : undefined
  return ({ query, memory, bias, noise }: Attending): Attended => {
    const [rows, queries] = dims(query.hidden_BLD, 3)
    const [, length] = dims(memory.hidden_BLD, 3)
    const each = { query: toQuery(query), key: toKey(memory), value: toValue(memory) }
    const { output, weights } = attention({
      query: toScores ? ofEachHead(each.query, toScores([0, 1, 3, 2, 4])) : each.query,
      key: each.key,
      value: toValues ? ofEachHead(each.value, toValues([0, 2, 3, 1, 4])) : each.value,
      bias,
      learnedBias: distances?.(query.behavior_BLK, memory.behavior_BLK),
      scale: 1 / Math.sqrt(headWidth),
      keep: noise.keep([heads, rows, queries, length], dropout),
    })
    const found = byPair ? picked(output, query.behavior_BLK) : output
    return { output: found.transpose([1, 2, 0, 3]).reshape([rows, queries, width]), weights }
  }
}

/** x [H, B, L, W] by the matrix of its head [H, W, W']. */
function ofEachHead(x: Tensor, matrix_HWW: Tensor): Tensor {
  const [heads, rows, length, width] = x.shape as [number, number, number, number]
  const made = x.reshape([heads, rows * length, width]).matmul(matrix_HWW)
  return made.reshape([heads, rows, length, made.shape.at(-1) as number])
}

/**
 * M_ac = sum_n softmax(alpha_ac)_n W_n of every pair and head, dk x dk; parameters `NAME.base` [H, K, dk, dk] and
 * `NAME.mix` [H, K K, K], normal with deviation 1 at first. -> one matrix [H, K dk, K dk] of the axes (head, a, c, row,
 * column) in another order.
 */
function pairMatrices(name: string, { heads, kinds, width }: { heads: number; kinds: number; width: number }) {
  const base = parameter(`${name}.base`, [heads, kinds, width, width], normal(1))
  const mix = parameter(`${name}.mix`, [heads, kinds * kinds, kinds], normal(1))
  const each = mix.softmax().matmul(base.reshape([heads, kinds, width * width]))
  const pairs = each.reshape([heads, kinds, kinds, width, width])
  return (order: readonly number[]): Tensor => pairs.transpose(order).reshape([heads, kinds * width, kinds * width])
}
