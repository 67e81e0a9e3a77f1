/** @file A query former: learned queries read a few tokens by attention, and what they found becomes one vector. */
import { xavier } from '../../nn/init.ts'
import { layerNorm, linear } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { multiHeadAttention } from '../../nn/transformer-block.ts'
import { add } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import { parameter, scalar, sizeOf, type Tensor } from '../../tensor/node.ts'

/** The sizes of a query former. */
export interface QueryFormerConfig {
  /** D */
  readonly modalitySize: number
  /** Q */
  readonly queries: number
  readonly formerLayers: number
  readonly heads: number
  readonly formerDropout: number
  readonly attentionDropout: number
}

/**
 * Tokens [.., D] each -> [.., D]. Queries and tokens attend to each other without positions, so that the order of
 * tokens changes nothing; each layer is LayerNorm(Y + attention), without a feed-forward layer. Parameters `queries`
 * [Q, D], `former.N.{attention.*,norm.*}` and `content.{weight,bias}`.
 */
export function queryFormer({
  modalitySize: width,
  queries: count,
  formerLayers,
  heads,
  formerDropout,
  attentionDropout,
}: QueryFormerConfig): (tokens: readonly Tensor[], noise: Noise) => Tensor {
  const queries = parameter('queries', [count, width], xavier(count, width))
  const block = { width, heads, dropout: attentionDropout, init: xavier(width, width) }
  const layers = Array.from({ length: formerLayers }, (_, at) => ({
    attend: multiHeadAttention(`former.${at}.attention`, block),
    level: layerNorm(`former.${at}.norm`, width),
    // Nothing but the queries leaves the last layer.
    asked: at === formerLayers - 1 ? count : undefined,
  }))
  const join = linear('content', [count * width, width])
  return (tokens, noise) => {
    const [first] = tokens as readonly [Tensor]
    const rows = sizeOf(first.shape) / width
    const everywhere = queries.reshape([1, count, width]).expand([rows, count, width])
    const all = concat([everywhere, ...tokens.map((token) => token.reshape([rows, 1, width]))], 1)
    const found = layers.reduce((memory, { attend, level, asked }) => {
      const query = asked === undefined ? memory : memory.slice(1, 0, asked)
      const attended = attend({ query, memory, bias: scalar(0), noise })
      return level(add(query, noise.dropout(attended, formerDropout)))
    }, all)
    return join(found.reshape([...first.shape.slice(0, -1), count * width]))
  }
}
