/**
 * @file Multi-head attention (Vaswani et al., 2017) with its projections folded together: (q W_q) . (k W_k) = (q W_q
 * W_k^T) . k, and the sum of weighted k W_v is the weighted sum of k, times W_v. So events are keys and values as they
 * are, and none of them is ever projected.
 */
import { xavier, zeros } from '../../nn/init.ts'
import { attention, hiddenScore } from '../../tensor/attention.ts'
import { where } from '../../tensor/compare.ts'
import { mul, sub } from '../../tensor/elementwise.ts'
import { largest } from '../../tensor/largest.ts'
import { matmul } from '../../tensor/linear.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'

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
   * Attends to what `keep`, broadcast to [H, Q, L], has not at 0: softmax over it alone, times `keep`. A query with
   * nothing to attend to gives zeros. Weights [H, Q, L] are the mean over heads.
   */
  readonly attend: (inputs: FoldedInputs & { readonly keep: Tensor }) => {
    readonly output: Tensor
    readonly weights: Tensor
  }
}

/**
 * An attention without biases of its projections; parameters `NAME.{query,key,value,output}.weight` [D, D], of which
 * head h has the columns from h D / heads on.
 * Where `biased`, a linear map of the event, `NAME.bias.weight` [heads, D], is added to its scores.
 */
export function foldedAttention(name: string, { width, heads, biased = false }: FoldedSizes): FoldedAttention {
  const headWidth = width / heads
  const weight = (part: string): Tensor => parameter(`${name}.${part}.weight`, [width, width], xavier(width, width))
  const ofHeads = (part: string): Tensor => weight(part).reshape([width, heads, headWidth]).transpose([1, 0, 2])
  const queryToKey = matmul(ofHeads('query'), ofHeads('key'), { transposeB: true, scale: 1 / Math.sqrt(headWidth) })
  const toKey = queryToKey.transpose([1, 0, 2]).reshape([width, heads * width])
  const bias = biased ? parameter(`${name}.bias.weight`, [heads, width], zeros).reshape([heads * width]) : undefined
  const valueToOutput = matmul(ofHeads('value'), weight('output').reshape([heads, headWidth, width]))
  const toOutput = valueToOutput.reshape([heads * width, width])

  /** What each head of each query asks of an event, [H, Q * heads, D]. */
  const folded = (query: Tensor): Tensor => {
    const [histories, queries] = dims(query, 3)
    const asked = query.matmul(toKey)
    return (bias ? asked.add(bias) : asked).reshape([histories, queries * heads, width])
  }
  return {
    scores({ query, memory }) {
      const [histories, queries] = dims(query, 3)
      const [, length] = dims(memory, 3)
      const all = matmul(folded(query).stopGradient(), memory.stopGradient(), { transposeB: true })
      return all.reshape([histories, queries, heads, length]).mean([2]).stopGradient()
    },
    attend({ query, memory, keep }) {
      const [histories, queries] = dims(query, 3)
      const [, length] = dims(memory, 3)
      const kept = perHead(keep, queries, heads)
      const bias = where(kept.greater(0), 0, hiddenScore)
      const found = attention({ query: folded(query), key: memory, value: memory, bias, keep: kept, scale: 1 })
      return {
        output: found.output.reshape([histories, queries, heads * width]).matmul(toOutput),
        weights: mul(found.weights, kept).reshape([histories, queries, heads, length]).mean([2]),
      }
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
  const [histories, , length] = dims(keep, 3)
  return keep
    .unsqueeze(2)
    .expand([histories, queries, heads, length])
    .reshape([histories, queries * heads, length])
}

/** Candidates as the queries of their histories: [B, D] -> [H, B / H, D]. */
export function asQueries(target: Tensor, histories: number): Tensor {
  const [rows, width] = dims(target, 2)
  return target.reshape([histories, rows / histories, width])
}

/**
 * 1 at the `count` events with the largest scores [H, Q, L], of equal ones the later, and 0 elsewhere; never what the
 * mask [H, L] lacks.
 */
export function keepLargest(scores: Tensor, mask: Tensor, count: number): Tensor {
  const there = mask.unsqueeze(1)
  return mul(largest(where(there.greater(0), scores, hiddenScore), count), there)
}

/** 1 at the last `count` events of each history, given the mask [H, L]. */
export function lastEvents(mask: Tensor, count: number): Tensor {
  const [, length] = dims(mask, 2)
  return count >= length ? mask : sub(mask, mask.slice(1, count, length).pad(1, 0, count))
}
