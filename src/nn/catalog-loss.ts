/** @file The softmax over a catalog: row 0 of an item table pads histories, and is nobody's next item. */
import { type CrossEntropyParts, crossEntropy, crossEntropyOf } from '../tensor/cross-entropy.ts'
import type { Tensor } from '../tensor/node.ts'

/** The first item of a table or of a row of scores; what stands before it is the pad. */
const firstItem = 1

/** sum_i weights_i * -log softmax(hidden_i . items)[targets_i], a scalar; the pad is no class. */
export const catalogLoss = (parts: Omit<CrossEntropyParts, 'firstRow'>): Tensor =>
  crossEntropy({ ...parts, firstRow: firstItem })

/** The same of scores [M, V] that are all there, column 0 being the pad's. */
export const catalogLossOf = (scores: Tensor, targets: Tensor, weights: Tensor): Tensor =>
  crossEntropyOf(scores, targets, weights, firstItem)
