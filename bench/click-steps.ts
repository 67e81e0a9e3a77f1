/** @file Times a model of clicks: its training steps (the batch written, forward, backward and Adam), and requests of many candidates. */
import type { ClickSamples } from '../src/dataset/click-samples.ts'
import type { Dataset } from '../src/dataset/schema.ts'
import { clickParameters, clickTask } from '../src/learn/click-task.ts'
import { noisePools } from '../src/learn/noise-pools.ts'
import { applyGradients, initialParameters } from '../src/learn/parameters.ts'
import { compileStep, stepGraph } from '../src/learn/step.ts'
import type { ClickModel } from '../src/models/contract/click-model.ts'
import { randomStream } from '../src/random/stream.ts'
import { clickPredictor } from '../src/rank/click-predictor.ts'

/** What is timed. */
interface TimedSteps {
  readonly model: ClickModel
  readonly dataset: Dataset
  readonly samples: ClickSamples
  readonly batchSize: number
  readonly steps: number
  readonly threads: number
}

/** Milliseconds of each step on batches of the longest histories, after three to warm up. */
export async function clickSteps({
  model,
  dataset,
  samples,
  batchSize,
  steps,
  threads,
}: TimedSteps): Promise<number[]> {
  const task = clickTask({ model, training: { batchSize, seed: 0 }, dataset, samples })
  const state = initialParameters(clickParameters(model), 0)
  const longest = Math.max(...task.shapes.map(({ length }) => length))
  const batches = [1, 2, 3].flatMap((epoch) => task.batches(epoch)).filter(({ shape }) => shape.length === longest)
  const [{ shape }] = batches as [(typeof batches)[number]]
  const runtime = { threads }
  const parts = {
    model: task.model,
    step: stepGraph(task.model, shape),
    state,
    frozen: task.frozen,
    pools: noisePools(0),
    seed: 0,
    runtime,
  }
  await using step = await compileStep(parts)
  const times: number[] = []
  for (let at = 0; at < steps + 3; at++) {
    const batch = (batches[at % batches.length] as (typeof batches)[number]).make()
    const start = performance.now()
    await step.run(batch, at)
    applyGradients(state, step.gradients, { learningRate: 1e-3 })
    if (at >= 3) times.push(performance.now() - start)
  }
  return times
}

/** What is asked of a model. */
interface TimedRequests {
  readonly model: ClickModel
  readonly dataset: Dataset
  readonly samples: ClickSamples
  readonly candidates: number
  /** Events of each history. */
  readonly length: number
  readonly requests: number
  readonly threads: number
}

/** Milliseconds of each request, with another history and other candidates each, after five to warm up. */
export async function candidateTimes({
  model,
  dataset,
  samples,
  candidates,
  length,
  requests,
  threads,
}: TimedRequests): Promise<number[]> {
  const state = initialParameters(clickParameters(model), 0)
  const parameters = new Map([...state.buffers].map(([name, { values }]) => [name, values]))
  await using predictor = clickPredictor({ model, dataset, samples, parameters, runtime: { threads } })
  const random = randomStream(1)
  const drawn = (size: number): Int32Array =>
    Int32Array.from({ length: size }, () => 1 + random.integer(dataset.catalog.ids.length - 1))
  const times: number[] = []
  for (let request = 0; request < requests + 5; request++) {
    const history = {
      user: 1 + random.integer(dataset.userIds.length - 1),
      item: drawn(length),
      behavior: new Uint8Array(length),
    }
    const asked = drawn(candidates)
    const start = performance.now()
    await predictor.candidates(history, asked)
    if (request >= 5) times.push(performance.now() - start)
  }
  return times
}
