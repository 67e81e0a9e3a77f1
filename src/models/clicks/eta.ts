/**
 * @file ETA: attention to the events whose hash codes are nearest the candidate's. Chen et al., End-to-end user
 * behavior retrieval in click-through rate prediction model, 2021. [bib: eta]
 *        code(x) = sign(x R), R fixed          history_HLD, target_BD -> codes of `hashBits` signs
 *        distance_l = (bits - code(h_l) . code(t)) / 2, Hamming
 *        long = MHTA(t; the k nearest h_l)     -> long_BD
 *        short = MHTA(t; the last n h_l)       -> short_BD
 *        v = [long, short]                     -> interest_B(2D)
 * Symbols: k = `topItems`, n = `recentItems`, R = the random rotation of SimHash (Charikar, 2002), m = `hashBits`.
 * Differs:
 * - long and short sequence are one history of `maxLength` events, the short one its last n; the paper's are two inputs
 *   of 1,024 and 16 or so;
 * - codes follow the embeddings at every step: nothing is stored between steps, and R is the same for every run;
 * - of equally near events the later ones are kept; what is not kept is masked, not gathered away: histories are short
 *   here;
 * - attention as wide as an embedded event, without biases of its projections, so that an empty history gives zeros;
 * - `hashBits`, `topItems` and `recentItems` are ours, for histories of 50 events. The published re-implementation
 *   (FuxiCTR's) has 32 bits, keeps 50 and reads 50, with attention 64 wide, and may draw the rotation anew for each
 *   batch; that the paper's codes are a few times as long as the embedding is unconfirmed.
 */
import * as z from 'zod'
import { randomStream } from '../../random/stream.ts'
import { where } from '../../tensor/compare.ts'
import { matmul } from '../../tensor/linear.ts'
import { constant, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { heads, recentItems, topItems } from '../parts/click-options.ts'
import { asQueries, foldedAttention, keepLargest } from '../parts/folded-attention.ts'
import { recentAttention } from '../parts/recent-attention.ts'
import { defineBackbone } from './backbone.ts'
import { backboneModel } from './backbone-model.ts'

/** ETA as a behavior model; see the file's header. */
export const etaBackbone = defineBackbone({
  slug: 'eta',
  title: 'ETA',
  options: {
    heads,
    topItems,
    recentItems,
    hashBits: z.int().min(1).max(1024).default(64).describe("number of bits in ETA's hash codes (m)"),
  },
  build(name, { heads, topItems, recentItems, hashBits }, width) {
    const codes = simHash(width, hashBits)
    const long = foldedAttention(`${name}.long`, { width, heads })
    const recent = recentAttention(`${name}.short`, { width, heads, recentItems })
    return {
      width: recent.width,
      read({ history, target, mask }) {
        const [histories, length] = dims(mask, 2)
        const [rows] = dims(target, 2)
        const inputs = { query: asQueries(target, histories), memory: history }
        const likeness = matmul(codes(inputs.query), codes(history), { transposeB: true })
        const found = long.attend({ ...inputs, keep: keepLargest(likeness, mask, topItems) })
        return { interest: recent.join(found.output, inputs, mask), weights: found.weights.reshape([rows, length]) }
      },
    }
  },
})

/** ETA alone. */
export const eta = backboneModel(etaBackbone)

/** SimHash: the signs of a fixed random rotation, [.., D] -> [.., bits] of 1 and -1. No gradient. */
export function simHash(width: number, bits: number): (x: Tensor) => Tensor {
  const random = randomStream(1, 'eta', 'rotation')
  const rotation = constant(
    Float32Array.from({ length: width * bits }, () => random.normal()),
    [width, bits],
  )
  return (x) => where(x.stopGradient().matmul(rotation).greater(0), 1, -1)
}
