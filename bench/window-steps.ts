/** @file Times the training steps of a model that reads windows: the batch written, forward, backward and Adam. */
import type { BatchShape, TrainingBatch, TrainingData } from '../src/batches/kind.ts'
import type { Window } from '../src/batches/windows.ts'
import { type CatalogLosses, fullSoftmax } from '../src/learn/catalog-losses.ts'
import { noisePools } from '../src/learn/noise-pools.ts'
import { stagesOf } from '../src/learn/objectives.ts'
import { applyGradients, initialParameters } from '../src/learn/parameters.ts'
import { compileStep, parametersOf, stepGraph } from '../src/learn/step.ts'
import type { FrozenInputs } from '../src/models/contract/catalog.ts'
import type { BuiltModel, Objective } from '../src/models/contract/model.ts'
import { adam } from '../src/optim/adam.ts'
import { randomStream } from '../src/random/stream.ts'
import { nodeRuntime } from '../src/runtime/node.ts'

/** What is timed. */
interface TimedSteps {
  readonly model: BuiltModel
  readonly shape: BatchShape
  /** The same at every step. */
  readonly windows: readonly Window[]
  /** For models whose batches are drawn anew at every step. */
  readonly data?: TrainingData
  /** What the model reads of items. */
  readonly frozen?: FrozenInputs
  /** In place of the softmax over the whole catalog. */
  readonly losses?: CatalogLosses
  readonly steps: number
  readonly threads: number
}

const nothing: FrozenInputs = { get: () => undefined }

/** Milliseconds of one step. */
interface StepTime {
  readonly wall: number
  /** Of the processor, all threads together: other programs on the machine change it little. */
  readonly processor: number
}

/** The time of each of so many steps, after three to warm up. */
export async function windowSteps({
  model,
  shape,
  windows,
  data,
  frozen = nothing,
  losses = fullSoftmax,
  steps,
  threads,
}: TimedSteps): Promise<StepTime[]> {
  const [objective] = stagesOf(model).flatMap(({ objectives }) => objectives) as [Objective]
  const state = initialParameters(parametersOf([objective]), 0)
  await using step = await compileStep({
    step: stepGraph(objective, shape, losses),
    state,
    losses,
    frozen,
    pools: noisePools(0),
    seed: 0,
    runtime: nodeRuntime({ threads }),
  })
  const fill: TrainingBatch['fill'] = (buffers, random) => {
    model.batches.fill(windows as never, shape, buffers, data && { random, data })
    return shape.targets
  }
  const optimizer = adam()
  const times: StepTime[] = []
  for (let at = 0; at < steps + 3; at++) {
    const [start, before] = [performance.now(), process.cpuUsage()]
    await step.run({ fill }, at)
    applyGradients(state, step.gradients, optimizer, 1e-3)
    const { user, system } = process.cpuUsage(before)
    if (at >= 3) times.push({ wall: performance.now() - start, processor: (user + system) / 1e3 })
  }
  return times
}

/** Windows of items drawn uniformly, each with a target at every event or at the last. */
export function randomWindows({
  batch,
  length,
  items,
  lastOnly,
}: {
  readonly batch: number
  readonly length: number
  readonly items: number
  readonly lastOnly: boolean
}): Window[] {
  const random = randomStream(0)
  const item = (): number => 1 + random.integer(items)
  return Array.from({ length: batch }, (_, user) => ({
    history: {
      user,
      item: Int32Array.from({ length }, item),
      behavior: new Uint8Array(length),
      time: new Float64Array(length),
    },
    targets: Array.from({ length: lastOnly ? 1 : length }, (_, at) => ({
      item: item(),
      behavior: 0,
      prefix: lastOnly ? length : at + 1,
      weight: 1,
    })),
  }))
}
