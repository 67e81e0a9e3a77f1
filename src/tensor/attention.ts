/** @file Scaled dot-product attention with its gradient by hand: it reads row sums from the narrow output. */
import { add, mul, sub } from './elementwise.ts'
import { matmul } from './linear.ts'
import { sumTo } from './move.ts'
import { softmax } from './normalize.ts'
import { stopGradient, type Tensor, withGradient } from './operation.ts'
import { sum } from './reduce.ts'

/** Added to the score of a key that must not be seen: its softmax weight is then exactly 0. */
export const hiddenScore = -1e9

/** What {@link attention} reads. */
export interface AttentionParts {
  /** [.., Lq, d] */
  readonly query: Tensor
  /** [.., Lk, d] */
  readonly key: Tensor
  /** [.., Lk, dv] */
  readonly value: Tensor
  /** Added to the scores, broadcast to [.., Lq, Lk]: 0, or {@link hiddenScore} where a key is hidden. No gradient. */
  readonly bias: Tensor
  /** Added as well, broadcast alike, and learned. */
  readonly learnedBias?: Tensor | undefined
  /** By default 1 / sqrt(d). */
  readonly scale?: number
  /** Multiplies the output; 1 by default. */
  readonly outputScale?: number
  /** Dropout of the weights, [.., Lq, Lk]: 0 or 1 / (1 - rate). */
  readonly keep?: Tensor | undefined
}

/**
 * outputScale * softmax(scale * query @ key^T + bias) @ value, [.., Lq, dv] (Vaswani et al., 2017, eq. 1), and its
 * weights [.., Lq, Lk].
 */
export function attention(parts: AttentionParts): { readonly output: Tensor; readonly weights: Tensor } {
  const { query, key, value, bias, learnedBias, outputScale = 1, keep } = parts
  const { scale = 1 / Math.sqrt(query.shape.at(-1) as number) } = parts
  const [q, k, v] = [stopGradient(query), stopGradient(key), stopGradient(value)]
  const products = matmul(q, k, { transposeB: true, scale })
  const weights = softmax(add(learnedBias ? add(products, stopGradient(learnedBias)) : products, bias))
  const kept = keep ? mul(weights, keep) : weights
  const raw = matmul(kept, v, { scale: outputScale })
  const output = withGradient(raw, [query, key, value, ...(learnedBias ? [learnedBias] : [])], (g) => {
    const direct = matmul(g, v, { transposeB: true, scale: outputScale })
    const forWeights = keep ? mul(direct, keep) : direct
    // The row sum of weights * their gradient equals the row sum of output * its gradient: [.., d] instead of [.., Lk].
    const forScores = mul(weights, sub(forWeights, sum(mul(g, raw), [-1], { keep: true })))
    return [
      sumTo(matmul(forScores, k, { scale }), query.shape),
      sumTo(matmul(forScores, q, { transposeA: true, scale }), key.shape),
      sumTo(matmul(kept, g, { transposeA: true, scale: outputScale }), value.shape),
      ...(learnedBias ? [sumTo(forScores, learnedBias.shape)] : []),
    ]
  })
  return { output, weights }
}
