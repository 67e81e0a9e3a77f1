/** @file Several vectors as one: their mean by weights that a small network gives each of them, or their plain mean. */
import { normal } from '../../nn/init.ts'
import { linear } from '../../nn/linear.ts'
import { addAll } from '../../tensor/elementwise.ts'
import { concat, stack } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'

/** K vectors [.., D] each -> one, [.., D]. */
export type Pooling = (vectors: readonly Tensor[]) => Tensor

/** Weights of K vectors [.., D] each, [.., K]. */
export type VectorWeights = (vectors: readonly Tensor[]) => Tensor

/** softmax_k(ReLU(a_k W_1 + b_1) w_2 + b_2); parameters `NAME.inner.*` [D, D] and `NAME.outer.*` [D, 1]. */
export function attentionWeights(name: string, width: number): VectorWeights {
  const inner = linear(`${name}.inner`, [width, width], { init: normal() })
  const outer = linear(`${name}.outer`, [width, 1], { init: normal() })
  return (vectors) =>
    concat(
      vectors.map((x) => outer(inner(x).relu())),
      -1,
    ).softmax()
}

/** sum_k b_k a_k, b by {@link attentionWeights}; a single vector stays as it is. */
export function attentivePooling(name: string, width: number): Pooling {
  const weightsOf = attentionWeights(name, width)
  return (vectors) => {
    if (vectors.length === 1) return vectors[0] as Tensor
    const weights = weightsOf(vectors)
    return stack(vectors, -2).mul(weights.unsqueeze(-1)).sum([-2])
  }
}

/** The mean of all vectors. */
export const meanPooling: Pooling = (vectors) => addAll(vectors).mul(1 / vectors.length)
