/** @file Which parameters a loss moves, for tests of losses that must leave some alone. */
import { Bug } from '../errors.ts'
import { buildGraph } from '../onnx/graph.ts'
import { gradients } from '../tensor/gradient.ts'
import type { Parameter, Tensor } from '../tensor/node.ts'

/** The parameters that a loss has a gradient of; not those that it reads where gradients are stopped. */
export function reachedBy(loss: Tensor): readonly Parameter[] {
  return buildGraph({ loss }).parameters.filter((one) => {
    try {
      return gradients(loss, [one]).size > 0
    } catch (error) {
      if (error instanceof Bug) return false
      throw error
    }
  })
}
