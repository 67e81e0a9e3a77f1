/** @file Gradients of a model against finite differences. */
import { expect } from 'vitest'
import type { TrainingData } from '../../batches/kind.ts'
import type { Dataset } from '../../dataset/schema.ts'
import { initialParameters, type ParameterBuffers } from '../../learn/parameters.ts'
import { parametersOf, stepGraph } from '../../learn/step.ts'
import type { BuiltModel, Objective } from '../../models/contract/model.ts'
import { keptPools } from '../kept-pools.ts'
import { stepAndLoss } from '../step-and-loss.ts'
import { wholeGradient } from '../whole-gradient.ts'
import { asBuilt, knownOf, lastTwo, livened, memoryOf, objectivesOf } from './candidate.ts'

/** Expects each gradient to be what central differences of the loss find, at its largest element. */
export async function checkGradients(model: BuiltModel, objective: Objective, dataset: Dataset): Promise<void> {
  const { state, step, batch, lossNow } = await checkedStep(model, objective, dataset)
  expect(await lossNow()).toBeCloseTo((await step.run(batch, 1)).loss, 4)
  const gradients = new Map(step.gradients.map((parts) => [parts.name, wholeGradient(state, parts)]))
  expect(gradients.size).toBeGreaterThan(0)
  for (const [name, gradient] of gradients) {
    const { values } = state.buffers.get(name) as { values: Float32Array }
    const largest = gradient.reduce(
      (best, value, at) => (Math.abs(value) > Math.abs(gradient[best] as number) ? at : best),
      0,
    )
    const kept = values[largest] as number
    const nudge = 2e-3
    values[largest] = kept + nudge
    const above = await lossNow()
    values[largest] = kept - nudge
    const below = await lossNow()
    values[largest] = kept
    const numeric = (above - below) / (2 * nudge)
    const analytic = gradient[largest] as number
    const allowed = 2e-3 + 0.03 * Math.abs(numeric)
    expect(Math.abs(numeric - analytic), `${name}[${largest}]: ${analytic} against ${numeric}`).toBeLessThan(allowed)
  }
}

/** Expects the first row of the tables of items, which pads, to have no gradient: it is nobody's next item. */
export async function checkPad(model: BuiltModel, objective: Objective, dataset: Dataset): Promise<void> {
  const { state, step, batch } = await checkedStep(model, objective, dataset)
  await step.run(batch, 1)
  const tables = parametersOf(objectivesOf(model)).flatMap(({ origin: { name, rows } }) =>
    rows === 'items' && /^item(?:\.|$)/.test(name) ? [name] : [],
  )
  for (const parts of step.gradients) {
    const { shape } = state.buffers.get(parts.name) as ParameterBuffers
    if (!tables.includes(parts.name)) continue
    const row = wholeGradient(state, parts).subarray(0, shape[1])
    expect(Math.max(...row.map(Math.abs)), `gradient of row 0 of ${parts.name}`).toBeLessThan(1e-7)
  }
}

/** A step on the first batch of an objective, and the loss of that batch as the parameters are now. */
async function checkedStep(model: BuiltModel, objective: Objective, dataset: Dataset) {
  const data: TrainingData = { dataset, split: lastTwo(dataset) }
  const batches = objective.batches.training(data, { slug: 'checked', batchSize: 4, seed: 1 })
  const [batch] = batches.epoch(1)
  if (!batch) throw new Error('an epoch without a batch')
  const state = livened(initialParameters(parametersOf(objectivesOf(model)), 1))
  const [step, loss] = await stepAndLoss({
    step: stepGraph(objective, batch.shape),
    state,
    frozen: knownOf(model, dataset),
    memory: memoryOf(model),
    pools: keptPools(1),
    seed: 1,
    runtime: asBuilt,
  })
  const lossNow = async (): Promise<number> => (await loss.run(batch, 1)).loss
  return { state, step, batch, lossNow }
}
