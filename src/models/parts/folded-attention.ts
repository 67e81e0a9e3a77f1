/**
 * @file Multi-head attention (Vaswani et al., 2017) with its projections folded together: (q W_q) . (k W_k) = (q W_q W_k^T) . k, and the sum of
 * weighted k W_v is the weighted sum of k, times W_v. So events are keys and values as they are, and none of them is ever projected.
 */
import { xavier, zeros } from '../../nn/init.ts'
import { attention } from '../../tensor/attention.ts'
import { add, greater, mul, sub, where } from '../../tensor/elementwise.ts'
import { largest } from '../../tensor/largest.ts'
import { matmul } from '../../tensor/linear.ts'
import { expand, pad, reshape, slice, transpose } from '../../tensor/move.ts'
import { parameter, stopGradient, type Tensor } from '../../tensor/node.ts'
import { mean } from '../../tensor/reduce.ts'

/** What is attended to. */
export interface FoldedInputs {
  /** [H, Q, D] */
  readonly query: Tensor
  /** [H, L, D]: keys and values. */
  readonly memory: Tensor
}

/** Attention of Q queries to L events. */
export interface FoldedAttention {
  /** Scores before the softmax, averaged over heads, [H, Q, L]; no gradient. */
  readonly scores: (inputs: FoldedInputs) => Tensor
  /**
   * Attends to what `keep`, broadcast to [H, Q, L], has not at 0: softmax over it alone, times `keep`. A query with nothing to attend to
   * gives zeros. Weights [H, Q, L] are the mean over heads.
   */
  readonly attend: (inputs: FoldedInputs & { readonly keep: Tensor }) => {
    readonly output: Tensor
    readonly weights: Tensor
  }
}

/**
 * An attention without biases of its projections; parameters `NAME.{query,key,value,output}.weight` [D, D], of which head h has the columns
 * from h D / heads on.
 * Where `biased`, a linear map of the event, `NAME.bias.weight` [heads, D], is added to its scores.
 */
export function foldedAttention(name: string, { width, heads, biased = false }: FoldedSizes): FoldedAttention {
  const headWidth = width / heads
  const weight = (part: string): Tensor => parameter(`${name}.${part}.weight`, [width, width], xavier(width, width))
  const ofHeads = (part: string): Tensor => transpose(reshape(weight(part), [width, heads, headWidth]), [1, 0, 2])
  const queryToKey = matmul(ofHeads('query'), ofHeads('key'), { transposeB: true, scale: 1 / Math.sqrt(headWidth) })
  const toKey = reshape(transpose(queryToKey, [1, 0, 2]), [width, heads * width])
  const bias = biased ? reshape(parameter(`${name}.bias.weight`, [heads, width], zeros), [heads * width]) : undefined
  const toOutput = reshape(matmul(ofHeads('value'), reshape(weight('output'), [heads, headWidth, width])), [
    heads * width,
    width,
  ])

  const folded = (query: Tensor): Tensor => {
    const [histories, queries] = query.shape as [number, number, number]
    const asked = matmul(query, toKey)
    return reshape(bias ? add(asked, bias) : asked, [histories, queries * heads, width])
  }
  return {
    scores({ query, memory }) {
      const [histories, queries] = query.shape as [number, number, number]
      const all = matmul(stopGradient(folded(query)), stopGradient(memory), { transposeB: true })
      return stopGradient(mean(reshape(all, [histories, queries, heads, memory.shape[1] as number]), [2]))
    },
    attend({ query, memory, keep }) {
      const [histories, queries] = query.shape as [number, number, number]
      const length = memory.shape[1] as number
      const kept = perHead(keep, queries, heads)
      const hidden = where(greater(kept, 0), 0, -1e9)
      const made = attention({ query: folded(query), key: memory, value: memory, bias: hidden, keep: kept, scale: 1 })
      const weights = mean(reshape(mul(made.weights, kept), [histories, queries, heads, length]), [2])
      return { output: matmul(reshape(made.output, [histories, queries, heads * width]), toOutput), weights }
    },
  }
}

/** The sizes of a {@link foldedAttention}. */
export interface FoldedSizes {
  readonly width: number
  /** Divides the width. */
  readonly heads: number
  readonly biased?: boolean
}

/** [h, q, L] -> [h, Q * heads, L]. */
function perHead(keep: Tensor, queries: number, heads: number): Tensor {
  const [histories, , length] = keep.shape as [number, number, number]
  const wide = expand(reshape(keep, [histories, keep.shape[1] as number, 1, length]), [
    histories,
    queries,
    heads,
    length,
  ])
  return reshape(wide, [histories, queries * heads, length])
}

/** Candidates as the queries of their histories: [B, D] -> [H, B / H, D]. */
export function asQueries(target: Tensor, histories: number): Tensor {
  const [rows, width] = target.shape as [number, number]
  return reshape(target, [histories, rows / histories, width])
}

/** 1 at the `count` events with the largest scores [H, Q, L], of equal ones the later, and 0 elsewhere; never what the mask [H, L] lacks. */
export function keepLargest(scores: Tensor, mask: Tensor, count: number): Tensor {
  const [histories, length] = mask.shape as [number, number]
  const there = reshape(mask, [histories, 1, length])
  return mul(largest(where(greater(there, 0), scores, -1e9), count), there)
}

/** 1 at the last `count` events of each history, given the mask [H, L]. */
export function lastEvents(mask: Tensor, count: number): Tensor {
  const length = mask.shape[1] as number
  return count >= length ? mask : sub(mask, pad(slice(mask, 1, count, length), 1, 0, count))
}
