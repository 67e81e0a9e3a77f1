/** @file The loss of a training step without its gradients, for tests that compute it many times. */
import type { StepGraph } from '../learn/step.ts'
import { buildGraph } from '../onnx/graph.ts'
import type { Tensor } from '../tensor/node.ts'

/** A step that computes the loss of another one and nothing else, which takes a third of the time. */
export const lossAlone = (step: StepGraph): StepGraph => ({
  ...step,
  graph: buildGraph({ loss: step.graph.outputs['loss'] as Tensor }),
  parts: {},
  gradients: [],
})
