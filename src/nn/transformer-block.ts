/** @file Multi-head attention and the post-norm Transformer block (Vaswani et al., 2017). */
import { attention } from '../tensor/attention.ts'
import { add, gelu, relu } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { reshape, transpose } from '../tensor/move.ts'
import type { Initializer, Tensor } from '../tensor/node.ts'
import { softmax } from '../tensor/normalize.ts'
import { dims } from '../tensor/shape.ts'
import { normal } from './init.ts'
import { type Affine, layerNorm, linear } from './linear.ts'
import type { Noise } from './noise.ts'

/** The sizes of a block. */
export interface BlockConfig {
  readonly width: number
  readonly heads: number
  /** Width of the feed-forward layer; 4 * width by default. */
  readonly feedForward?: number
  readonly dropout: number
  readonly activation?: 'gelu' | 'relu'
  /** Whether what heads found is projected with a bias; true by default. */
  readonly outputBias?: boolean
  /** How the matrices of an attention alone begin; {@link normal} by default. */
  readonly init?: Initializer
}

/** What one application of a block reads. */
export interface BlockInputs {
  /** [B, Lq, D]: the positions to compute. */
  readonly query: Tensor
  /** [B, Lk, D]: the positions to read; the query's own by default. */
  readonly memory?: Tensor
  /** Added to the scores, broadcast to [B, H, Lq, Lk]. */
  readonly bias: Tensor
  readonly noise: Noise
}

/** A block: [B, Lq, D] -> [B, Lq, D]. */
export type Block = (inputs: BlockInputs) => Tensor

/** What makes queries, keys and values [.., D]; head h has the columns from h D / H on. */
export type Projections = Readonly<Record<'query' | 'key' | 'value', Affine>>

/** The projections of an attention, for whoever else reads by them; parameters `NAME.{query,key,value}`. */
export function attentionProjections(name: string, width: number, init: Initializer = normal()): Projections {
  const project = (part: string): Affine => linear(`${name}.${part}`, [width, width], { init })
  return { query: project('query'), key: project('key'), value: project('value') }
}

/** Attention of several heads. */
export type MultiHeadAttention = Block & {
  /**
   * The same of a single query [B, D] over [B, Lk, D] that all are seen, when serving: [B, D]. Keys and values are not
   * made. Head h asks by q_h K_h^T instead, and V_h comes after the sum, so that both matrices meet B rows in place of
   * B Lk. The bias of keys adds the same to all scores of a head, which the softmax takes away.
   */
  readonly one: (inputs: Readonly<Record<'query' | 'memory', Tensor>>) => Tensor
}

/** Attention of several heads; parameters `NAME.{query,key,value,output}`. */
export function multiHeadAttention(
  name: string,
  { width, heads, dropout, outputBias = true, init = normal() }: BlockConfig,
  { query: toQuery, key: toKey, value: toValue }: Projections = attentionProjections(name, width, init),
): MultiHeadAttention {
  const toOutput = linear(`${name}.output`, [width, width], { init, bias: outputBias })
  const each = width / heads
  /** Columns of heads, [R, D] -> [H, R, D / H]. */
  const ofHeads = (x: Tensor): Tensor => transpose(reshape(x, [-1, heads, each]), [1, 0, 2])
  const split = (x: Tensor): Tensor => {
    const [rows, length] = dims(x, 3)
    return heads === 1
      ? reshape(x, [rows, 1, length, width])
      : transpose(reshape(x, [rows, length, heads, width / heads]), [0, 2, 1, 3])
  }
  const attend: Block = ({ query, memory = query, bias, noise }) => {
    const [rows, lengthQ] = dims(query, 3)
    const [, lengthK] = dims(memory, 3)
    const [q, k, v] = [split(toQuery(query)), split(toKey(memory)), split(toValue(memory))]
    const { output } = attention({
      query: q,
      key: k,
      value: v,
      bias,
      keep: noise.keep([rows, heads, lengthQ, lengthK], dropout),
    })
    const merged = heads === 1 ? output : transpose(output, [0, 2, 1, 3])
    return toOutput(reshape(merged, [rows, lengthQ, width]))
  }
  const one: MultiHeadAttention['one'] = ({ query, memory }) => {
    const scale = 1 / Math.sqrt(each)
    const asked = transpose(
      matmul(ofHeads(toQuery(query)), ofHeads(toKey.weight), { transposeB: true, scale }),
      [1, 0, 2],
    )
    const weights = softmax(matmul(asked, memory, { transposeB: true }))
    const found = matmul(transpose(matmul(weights, memory), [1, 0, 2]), ofHeads(toValue.weight))
    const merged = reshape(transpose(found, [1, 0, 2]), query.shape)
    return toOutput(toValue.bias ? add(merged, toValue.bias) : merged)
  }
  return Object.assign(attend, { one })
}

/**
 * LayerNorm(x + attention), then LayerNorm(x + feed-forward); parameters `NAME.attention.*`, `NAME.feedForward.*`,
 * `NAME.norm1`, `NAME.norm2`; given projections are shared.
 */
export function transformerBlock(name: string, config: BlockConfig, projections?: Projections): Block {
  const { width, feedForward = 4 * width, dropout, activation = 'gelu' } = config
  const attend = multiHeadAttention(`${name}.attention`, config, projections)
  const inner = linear(`${name}.feedForward.inner`, [width, feedForward], { init: normal() })
  const outer = linear(`${name}.feedForward.outer`, [feedForward, width], { init: normal() })
  const [afterAttention, afterFeedForward] = [layerNorm(`${name}.norm1`, width), layerNorm(`${name}.norm2`, width)]
  const activate = activation === 'gelu' ? gelu : relu
  return (inputs) => {
    const { noise } = inputs
    const attended = afterAttention(add(inputs.query, noise.dropout(attend(inputs), dropout)))
    return afterFeedForward(add(attended, noise.dropout(outer(activate(inner(attended))), dropout)))
  }
}
