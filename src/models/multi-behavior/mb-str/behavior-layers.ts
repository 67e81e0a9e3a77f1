/** @file Layers of which each behavior has its own: every token goes through those of its behavior alone. */
import { normal, zeros } from '../../../nn/init.ts'
import { linear } from '../../../nn/linear.ts'
import type { Noise } from '../../../nn/noise.ts'
import { parameter, type Tensor } from '../../../tensor/node.ts'

/** Tokens of histories and their behaviors. */
export interface Tokens {
  /** [B, L, D] */
  readonly hidden_BLD: Tensor
  /** 1 at the behavior of each token, zeros where there is none. */
  readonly behavior_BLK: Tensor
}

/**
 * x [.., W] at its behavior's place among K, zeros elsewhere: [.., K W]. A product with it picks weights by behavior.
 */
function spread(x: Tensor, behavior: Tensor): Tensor {
  const [kinds, width] = [behavior.shape.at(-1) as number, x.shape.at(-1) as number]
  return x
    .unsqueeze(-2)
    .mul(behavior.unsqueeze(-1))
    .reshape([...x.shape.slice(0, -1), kinds * width])
}

/** Of K results side by side, [.., K W], that of a token's behavior, or the sum by any weights [.., K]: [.., W]. */
export function picked(results: Tensor, weights: Tensor): Tensor {
  const kinds = weights.shape.at(-1) as number
  const leading = results.shape.slice(0, -1)
  return results
    .reshape([...leading, kinds, (results.shape.at(-1) as number) / kinds])
    .mul(weights.unsqueeze(-1))
    .sum([-2])
}

/** The sizes of feed-forward layers. */
export interface FeedForwardConfig {
  /** D; a layer is 4 D wide inside. */
  readonly width: number
  /** K; of one behavior there is one layer, whatever the tokens' behaviors. */
  readonly kinds: number
  readonly dropout: number
}

/**
 * relu(x W_b + c_b) W'_b + c'_b with the W and c of a token's behavior b, and dropout in between; parameters
 * `NAME.inner.{weight,bias}` and `NAME.outer.{weight,bias}`. Weights of behaviors lie below each other in `inner` and
 * side by side in `outer`, so that what is multiplied stays as narrow as it can.
 */
export function behaviorFeedForward(name: string, { width, kinds, dropout }: FeedForwardConfig) {
  const inside = 4 * width
  if (kinds === 1) {
    const inner = linear(`${name}.inner`, [width, inside], { init: normal() })
    const outer = linear(`${name}.outer`, [inside, width], { init: normal() })
    return ({ hidden_BLD }: Tokens, noise: Noise): Tensor => outer(noise.dropout(inner(hidden_BLD).relu(), dropout))
  }
  const inner = parameter(`${name}.inner.weight`, [kinds * width, inside], normal())
  const innerBias = parameter(`${name}.inner.bias`, [kinds, inside], zeros)
  const outer = parameter(`${name}.outer.weight`, [inside, kinds * width], normal())
  const outerBias = parameter(`${name}.outer.bias`, [kinds, width], zeros)
  return ({ hidden_BLD, behavior_BLK }: Tokens, noise: Noise): Tensor => {
    const raised = spread(hidden_BLD, behavior_BLK).matmul(inner).add(behavior_BLK.matmul(innerBias)).relu()
    const made = noise.dropout(raised, dropout).matmul(outer)
    return picked(made, behavior_BLK).add(behavior_BLK.matmul(outerBias))
  }
}
