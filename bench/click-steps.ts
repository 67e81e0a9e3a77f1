/**
 * @file Times a model of clicks: its training steps (the batch written, forward, backward and Adam), and requests of
 * many candidates.
 */
import type { ClickSamples } from '../src/dataset/click-samples.ts'
import type { Dataset } from '../src/dataset/schema.ts'
import { noisePools } from '../src/learn/noise-pools.ts'
import { stagesOf } from '../src/learn/objectives.ts'
import { applyGradients, initialParameters, valuesOf } from '../src/learn/parameters.ts'
import { compileStep, parametersOf, stepGraph } from '../src/learn/step.ts'
import { catalogInputs } from '../src/models/contract/catalog.ts'
import type { BuiltModel, Objective } from '../src/models/contract/model.ts'
import { adam } from '../src/optim/adam.ts'
import { randomStream } from '../src/random/stream.ts'
import { clickPredictor } from '../src/rank/click-predictor.ts'
import { nodeRuntime } from '../src/runtime/node.ts'

/** What is timed. */
interface TimedSteps {
  readonly model: BuiltModel
  readonly dataset: Dataset
  readonly samples: ClickSamples
  readonly batchSize: number
  readonly steps: number
  readonly threads: number
}

/** What trains a model of clicks: it has one stage of one objective. */
const objectiveOf = (model: BuiltModel): Objective => stagesOf(model)[0]?.objectives[0] as Objective

/** Milliseconds of each step on batches of the longest histories, after three to warm up. */
export async function clickSteps({
  model,
  dataset,
  samples,
  batchSize,
  steps,
  threads,
}: TimedSteps): Promise<number[]> {
  const objective = objectiveOf(model)
  const settings = { slug: 'model', batchSize, seed: 0 }
  const training = model.batches.training({ dataset, samples }, settings)
  const state = initialParameters(parametersOf([objective]), 0)
  const longest = Math.max(...training.shapes.map(({ length }) => length))
  const batches = [1, 2, 3].flatMap((number) => training.epoch(number)).filter(({ shape }) => shape.length === longest)
  const [{ shape }] = batches as [(typeof batches)[number]]
  await using step = await compileStep({
    step: stepGraph(objective, shape),
    state,
    frozen: catalogInputs(dataset, { vocabulary: samples.vocabulary, own: model.frozen ?? {} }),
    pools: noisePools(0),
    seed: 0,
    runtime: nodeRuntime({ threads }),
  })
  const optimizer = adam()
  const times: number[] = []
  for (let at = 0; at < steps + 3; at++) {
    const batch = batches[at % batches.length] as (typeof batches)[number]
    const start = performance.now()
    await step.run(batch, at + 1)
    applyGradients(state, step.gradients, optimizer, 1e-3)
    if (at >= 3) times.push(performance.now() - start)
  }
  return times
}

/** What is asked of a model. */
interface TimedRequests {
  readonly model: BuiltModel
  readonly dataset: Dataset
  readonly samples: ClickSamples
  readonly candidates: number
  /** Events of each history. */
  readonly length: number
  readonly requests: number
  readonly threads: number
}

/**
 * Milliseconds of each request, and of its time of the processor, with another history and other candidates each, after
 * five to warm up.
 */
export async function candidateTimes({
  model,
  dataset,
  samples,
  candidates,
  length,
  requests,
  threads,
}: TimedRequests): Promise<{ readonly wall: readonly number[]; readonly processor: readonly number[] }> {
  const parameters = valuesOf(initialParameters(parametersOf([objectiveOf(model)]), 0))
  // As a service runs it.
  const runtime = nodeRuntime({ threads, spin: false })
  await using predictor = clickPredictor({ slug: 'model', model, dataset, samples, parameters, runtime })
  const random = randomStream(1)
  const drawn = (size: number): Int32Array =>
    Int32Array.from({ length: size }, () => 1 + random.integer(dataset.catalog.ids.length - 1))
  const [wall, processor]: [number[], number[]] = [[], []]
  for (let request = 0; request < requests + 5; request++) {
    const history = {
      user: 1 + random.integer(dataset.userIds.length - 1),
      item: drawn(length),
      behavior: new Uint8Array(length),
    }
    const asked = drawn(candidates)
    const [start, used] = [performance.now(), process.cpuUsage()]
    await predictor.candidates(history, asked)
    if (request < 5) continue
    wall.push(performance.now() - start)
    const { user, system } = process.cpuUsage(used)
    processor.push((user + system) / 1e3)
  }
  return { wall, processor }
}
