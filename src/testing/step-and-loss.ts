/** @file A training step, and its loss without its gradients, for tests that compute that many times. */
import { compileStep, type StepParts, type TrainingStep } from '../learn/step.ts'
import { buildGraph } from '../onnx/graph.ts'
import type { Tensor } from '../tensor/node.ts'

/** A compiled step, and one that computes the same loss and nothing else, which takes a third of the time. */
export async function stepAndLoss(parts: StepParts): Promise<readonly [step: TrainingStep, loss: TrainingStep]> {
  const { step } = parts
  const graph = buildGraph({ loss: step.graph.outputs['loss'] as Tensor })
  const alone = { ...step, graph, parts: {}, gradients: [] }
  return [await compileStep(parts), await compileStep({ ...parts, step: alone })]
}
