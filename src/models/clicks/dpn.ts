/**
 * @file DPN, reconstructed: attention between patterns, short runs of events, rather than between items. Zhang et al.,
 * Deep Pattern Network for Click-Through Rate Prediction, SIGIR 2024. [bib: dpn] Neither its equations nor its code
 * were at hand.
 *        v = sum_l a(h_l, t) h_l                         DIN -> interest_BD, scores a_BL
 *        retrieval: the k events with the largest a_l, each the end of the pattern of P events that leads to it
 *        refinement: p_l = R(h_l; h_l-P+1 .. h_l-1)      history_HLD -> patterns_HLD, once for all candidates
 *        target pattern: p_t = R(t; the last P - 1 events)
 *        v_p = attention(p_t; the k patterns p_l)        -> BD
 *        the interest is [v, v_p]                        -> B(2D)
 * Symbols: k = `topItems`, P = `patternLength`, R = the refinement network.
 * The paper's, as far as its abstract and what others wrote of it tell: DIN as the base with its scores reused by the
 * retrieval; patterns that are cut out where the retrieved items stand; a self-supervised network that refines them;
 * target pattern attention.
 * Reconstructed, so that a figure of ours says little about the paper's:
 * - R(e; c) = norm(z + ReLU(z W_1 + b_1) W_2 + b_2), z = norm(e + attention(e; c)): the end of a pattern attends to
 *   what led to it. Order counts as the end against the rest;
 * - the pattern of the target, which is the candidate after the last P - 1 events, and P = 4;
 * - the attention between patterns is softmax attention of `heads` heads; events themselves keep DIN's unit.
 * Differs:
 * - the paper trains its refinement beforehand, to recover patterns from disturbed ones. Ours has neither that loss nor
 *   that stage: it is trained by clicks with the rest, each event hidden from the patterns it leads to with the share
 *   `patternNoise`, which is dropout rather than denoising;
 * - whether the paper's network stands still afterwards, and whether it is disturbed by other items in place of hidden
 *   ones, is unconfirmed;
 * - of equal scores the later event is kept; what is not kept is masked, not gathered away.
 */
import * as z from 'zod'
import { activationUnit, weightedSum } from '../../nn/activation-unit.ts'
import { layerNorm, linear } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { concat } from '../../tensor/move.ts'
import { constant, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { attentionSize, heads, topItems } from '../parts/click-options.ts'
import { asQueries, type FoldedInputs, foldedAttention, keepLargest, lastEvents } from '../parts/folded-attention.ts'
import { defineBackbone } from './backbone.ts'
import { backboneModel } from './backbone-model.ts'
import { unitSizes } from './din.ts'

/** DPN as a behavior model; see the file's header. */
export const dpnBackbone = defineBackbone({
  slug: 'dpn',
  title: 'DPN',
  options: {
    attentionSize,
    heads,
    topItems,
    patternLength: z.int().min(2).max(100).default(4).describe('number of events in a pattern of DPN'),
    patternNoise: z
      .number()
      .min(0)
      .max(0.95)
      .default(0.1)
      .describe("share of the events that DPN's patterns do not see while training"),
  },
  build(name, { attentionSize, heads, topItems, patternLength, patternNoise }, width) {
    const unit = activationUnit(`${name}.unit`, width, unitSizes(attentionSize))
    const refine = refinement(`${name}.refine`, width, heads)
    const patterns = foldedAttention(`${name}.patterns`, { width, heads })
    return {
      width: 2 * width,
      read({ history, target, mask, noise }) {
        const [histories, length] = dims(mask, 2)
        const [rows] = dims(target, 2)
        const weights = unit({ history, target, mask })
        const scores = weights.stopGradient().reshape([histories, rows / histories, length])
        const seen = visible(noise, [histories, 1, length], patternNoise)
        const memory = refine({ query: history, memory: history, keep: seen(leadingTo(length, patternLength)) })
        const recent = seen(lastEvents(mask, patternLength - 1).unsqueeze(1))
        const query = refine({ query: asQueries(target, histories), memory: history, keep: recent })
        const found = patterns.attend({ query, memory, keep: keepLargest(scores, mask, topItems) })
        return {
          interest: concat([weightedSum(weights, history), found.output.reshape([rows, width])], 1),
          weights: found.weights.reshape([rows, length]),
        }
      },
    }
  },
})

/** DPN alone. */
export const dpn = backboneModel(dpnBackbone)

/** Hides events from patterns while training; what is left counts as much more. */
function visible(noise: Noise, shape: readonly number[], rate: number): (keep: Tensor) => Tensor {
  const seen = noise.keep(shape, rate)
  return (keep) => (seen ? keep.mul(seen) : keep)
}

/**
 * 1 where event m is one of the P - 1 before event l, [1, L, L]. An event always comes after what led to it, so that
 * padding is never seen.
 */
function leadingTo(length: number, patternLength: number): Tensor {
  const leads = (at: number): boolean => {
    const [end, event] = [Math.floor(at / length), at % length]
    return event < end && event > end - patternLength
  }
  return constant(
    Float32Array.from({ length: length * length }, (_, at) => Number(leads(at))),
    [1, length, length],
  )
}

/**
 * R of the header: [H, Q, D] and what led to each, [H, L, D] -> [H, Q, D]; parameters
 * `NAME.{attention,inner,outer,norm1,norm2}.*`.
 */
function refinement(
  name: string,
  width: number,
  heads: number,
): (inputs: FoldedInputs & { readonly keep: Tensor }) => Tensor {
  const { attend } = foldedAttention(`${name}.attention`, { width, heads })
  const [inner, outer] = [linear(`${name}.inner`, [width, width]), linear(`${name}.outer`, [width, width])]
  const [afterAttention, afterLayers] = [layerNorm(`${name}.norm1`, width), layerNorm(`${name}.norm2`, width)]
  return (inputs) => {
    const z = afterAttention(inputs.query.add(attend(inputs).output))
    return afterLayers(z.add(outer(inner(z).relu())))
  }
}
