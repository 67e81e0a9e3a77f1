/** @file The smallest training of a model of clicks: Adam over random batches, without validation. */
import type { BatchShape } from '../../batches/kind.ts'
import type { ClickSamples } from '../../dataset/click-samples.ts'
import { stagesOf, totalLoss } from '../../learn/objectives.ts'
import { applyGradients, initialParameters, type ParameterState } from '../../learn/parameters.ts'
import { bindKnown, compileStep, parametersOf, type StepParts, stepGraph, type TrainingStep } from '../../learn/step.ts'
import type { BuiltModel, Memory, Objective, Pass, Stage } from '../../models/contract/model.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { adam } from '../../optim/adam.ts'
import { randomStream } from '../../random/stream.ts'
import { keepingRuntime } from '../../runtime/node.ts'
import type { Parameter, Tensor } from '../../tensor/node.ts'
import { keptPools } from '../kept-pools.ts'
import { fillSamples, type Sample } from './planted.ts'
import { frozenOf, type SmallShop } from './shop.ts'

/** The sizes of a batch of samples, each with a history of its own. */
export type SampleShape = Pick<BatchShape, 'rows' | 'length'>

/** The checks of a suite make the same graphs again and again. */
export const runtime = keepingRuntime({ threads: 1 })

/**
 * For graphs that run a few times, as they were built: onnxruntime takes three times as long to compile a graph that it
 * makes faster first. Trainings, and what serves requests, have that.
 */
export const asBuilt = keepingRuntime({ threads: 1, optimize: false })

const lastStageOf = (model: BuiltModel): Stage => stagesOf(model).at(-1) as Stage
/** What the last stage of a model is trained by first: for most models the log loss and their own losses. */
const objectiveOf = (model: BuiltModel): Objective => lastStageOf(model).objectives[0] as Objective

/** The memory of a model as its last stage begins with it, by parameters that no stage before has trained. */
export async function memoryAtStart(model: BuiltModel, shop: SmallShop, state: ParameterState): Promise<Memory> {
  const { memory = {} } = model
  const stage = lastStageOf(model)
  if (!stage.before) return memory
  const filled = Object.fromEntries(
    Object.entries(memory).map(([name, array]) => [name, { ...array, data: array.data.slice() }]),
  )
  const frozen = frozenOf(shop, model)
  await stage.before({
    data: { dataset: shop.dataset, samples: noSamples(shop) },
    memory: filled,
    random: randomStream(1, 'before'),
    async evaluate(outputs) {
      const graph = buildGraph(outputs)
      await using program = await runtime(graph)
      bindKnown(program, graph, { state, frozen, memory: filled })
      await program.run()
      return Object.fromEntries(Object.entries(program.outputs).map(([name, values]) => [name, values.slice()]))
    },
  })
  return filled
}

/** What a shop's training says of ids and numbers, without samples. */
function noSamples({ dataset, vocabulary }: SmallShop): ClickSamples {
  const none = new Int32Array(0)
  const [bytes, time] = [new Uint8Array(0), new Float64Array(0)]
  const columns = { item: none, behavior: bytes, time, start: new Int32Array(dataset.userIds.length + 1) }
  const parts = { train: none, validation: none, test: none }
  return { columns, user: none, item: none, time, end: none, label: bytes, ...parts, vocabulary }
}

/** The parameters of a model. */
export const clickParameters = (model: BuiltModel): readonly Parameter[] =>
  parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives))

/** The loss of a batch of samples, its parts, and the inputs that the batch is made of. */
export function clickGraph(
  model: BuiltModel,
  { rows, length }: SampleShape,
  pass: Pass,
): { readonly loss: Tensor; readonly parts: Readonly<Record<string, Tensor>>; readonly inputs: Inputs } {
  const objective = objectiveOf(model)
  const { inputs, batch } = objective.batches.declare({ rows, length, targets: rows })
  return { inputs, ...totalLoss(objective.losses(batch, pass)) }
}
type Inputs = Readonly<Record<string, Tensor>>

/** What a step over batches of samples is compiled with. */
export async function stepParts(
  model: BuiltModel,
  shop: SmallShop,
  { shape: { rows, length }, state, seed }: { shape: SampleShape; state: ParameterState; seed: number },
): Promise<StepParts> {
  return {
    step: stepGraph(objectiveOf(model), { rows, length, targets: rows }),
    state,
    frozen: frozenOf(shop, model),
    memory: await memoryAtStart(model, shop, state),
    pools: keptPools(1),
    seed,
    runtime,
  }
}

/** Samples as a batch that a step runs on. */
export const batchOf = (
  model: BuiltModel,
  samples: readonly Sample[],
  length: number,
): Parameters<TrainingStep['run']>[0] => ({
  fill(buffers) {
    fillSamples(samples, { model, shape: { rows: samples.length, length, targets: samples.length }, buffers })
    return samples.length
  },
})

/** Trains from the seed's first values, on batches of 64 with histories of so many events, 6 by default. */
export async function trainOn(
  model: BuiltModel,
  shop: SmallShop,
  samples: readonly Sample[],
  {
    steps,
    learningRate,
    seed,
    length = 6,
  }: { steps: number; learningRate: number; seed: number; length?: number | undefined },
): Promise<ParameterState> {
  const shape = { rows: 64, length }
  const optimizer = adam()
  const state = initialParameters(clickParameters(model), seed)
  await using step = await compileStep(await stepParts(model, shop, { shape, state, seed }))
  const stream = randomStream(seed, 'batches')
  for (let at = 1; at <= steps; at++) {
    const drawn = Array.from({ length: shape.rows }, () => samples[stream.integer(samples.length)] as Sample)
    await step.run(batchOf(model, drawn, shape.length), at)
    applyGradients(state, step.gradients, optimizer, learningRate)
  }
  return state
}

/** First values with some noise: zeros hide much. */
export function livenedState(model: BuiltModel): ParameterState {
  const state = initialParameters(clickParameters(model), 1)
  for (const [name, { values }] of state.buffers)
    for (let at = 0; at < values.length; at++) values[at] = (values[at] as number) + 0.1 * Math.sin(at + name.length)
  return state
}
