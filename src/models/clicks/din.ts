/**
 * @file DIN: the events of a history, weighed by what they say about the candidate, and added up.
 * Zhou et al., KDD 2018. [bib: din]
 *   (3)  w_l = a([h_l, t, h_l - t, h_l * t])   history_HLD, target_BD -> weights_BL
 *   (3)  v = sum_l w_l h_l                     -> interest_BD
 * Symbols: h_l = e_j, the j-th behavior; t = v_A, the candidate ad; a = the activation unit; w_l = a(e_j, v_A);
 * v = v_U(A).
 * Differs:
 * - the unit reads the element-wise difference and product of the published code beside the two vectors; the paper's
 *   has their outer product;
 * - no softmax over the weights, as in the paper, where the published code has one (R-D1);
 * - PReLU in the unit, where the paper prefers Dice, which normalizes by the batch: a prediction would depend on its
 *   neighbors in training;
 * - no mini-batch aware regularization: tables are small here, and rare ids share a row;
 * - no batch norm, which the published code has before its output and on the pooled interest, and no linear layer on
 *   that interest either;
 * - the unit has layers of `attentionSize` and half of it, the published one 80 and 40 with sigmoid; the output has 128
 *   and 64, the paper's 200 and 80;
 * - the output reads the user's fields too, the published one interest and candidate alone; no item has a bias;
 * - embeddings begin with a deviation of 0.01, and Adam trains; the published code has plain gradient descent at rate
 *   1, later 0.1, in batches of 32, with gradients clipped to a length of 5;
 * - an event says what was done, where a log has several behaviors; the paper's says item, shop and category;
 * - the unit's first layer is split, which changes no number (src/nn/activation-unit.ts).
 */
import { activationUnit, weightedSum } from '../../nn/activation-unit.ts'
import { attentionSize } from '../parts/click-options.ts'
import { defineBackbone } from './backbone.ts'
import { backboneModel } from './backbone-model.ts'

/** Hidden widths of DIN's unit. */
export const unitSizes = (width: number): [number, number] => [width, Math.max(1, width >> 1)]

/** DIN as a behavior model; see the file's header. */
export const dinBackbone = defineBackbone({
  slug: 'din',
  title: 'DIN',
  options: { attentionSize },
  build(name, { attentionSize }, width) {
    const unit = activationUnit(`${name}.unit`, width, unitSizes(attentionSize))
    return {
      width,
      read(inputs) {
        const weights = unit(inputs)
        return { interest: weightedSum(weights, inputs.history), weights }
      },
    }
  },
})

/** DIN alone. */
export const din = backboneModel(dinBackbone)
