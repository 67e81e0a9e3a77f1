/** @file One compiled training step: buffers in, loss and gradients out, noise drawn from pools. */

import type { FrozenInputs } from '../models/contract/frozen-inputs.ts'
import type { InputBuffers, TrainingGraph } from '../models/contract/model.ts'
import { type Noise, type NoiseInput, trainingNoise } from '../nn/noise.ts'
import { buildGraph, type Graph } from '../onnx/graph.ts'
import { mixSeed, type RandomStream, randomStream } from '../random/stream.ts'
import { type Buffer, compile, type Program, type RuntimeOptions } from '../runtime/session.ts'
import { gradients } from '../tensor/gradient.ts'
import { type Parameter, sizeOf, type Tensor } from '../tensor/node.ts'
import type { NoisePools } from './noise-pools.ts'
import type { GradientParts, ParameterState } from './parameters.ts'

/** What can be trained: a model that makes a graph for a shape, and fills its inputs from a batch. */
export interface Trainable<Shape, Batch = never> {
  train(shape: Shape, noise: Noise): TrainingGraph
  fill(batch: Batch, shape: Shape, buffers: InputBuffers, random?: RandomStream): void
}

/** A training graph with its gradients, ready to compile. */
export interface StepGraph<Shape = unknown> {
  readonly shape: Shape
  readonly graph: Graph
  readonly model: TrainingGraph
  readonly noise: readonly NoiseInput[]
  /** For each parameter, whether a dense gradient comes out and how many lists of sparse rows. */
  readonly gradients: readonly { readonly name: string; readonly dense: boolean; readonly sparse: number }[]
}

/** Builds the graph of a training step. */
export function stepGraph<Shape>(model: Pick<Trainable<Shape>, 'train'>, shape: Shape): StepGraph<Shape> {
  const noise: Noise = trainingNoise()
  const training = model.train(shape, noise)
  const parameters = buildGraph({ loss: training.loss }).parameters
  const outputs: Record<string, Tensor> = { loss: training.loss }
  for (const [name, part] of Object.entries(training.parts)) outputs[`part.${name}`] = part
  const kinds: { name: string; dense: boolean; sparse: number }[] = []
  for (const [parameter, { dense, sparse }] of gradients(training.loss, parameters)) {
    const { name } = parameter.origin
    if (dense) outputs[`gradient.${name}`] = dense
    for (const [index, { ids, rows }] of sparse.entries()) {
      outputs[`ids.${index}.${name}`] = ids
      outputs[`rows.${index}.${name}`] = rows
    }
    kinds.push({ name, dense: dense !== undefined, sparse: sparse.length })
  }
  return { shape, graph: buildGraph(outputs), model: training, noise: noise.inputs, gradients: kinds }
}

/** The parameters a model trains, found from the graph of its loss. */
export function parametersOf<Shape>(model: Pick<Trainable<Shape>, 'train'>, shape: Shape): readonly Parameter[] {
  return buildGraph({ loss: model.train(shape, trainingNoise()).loss }).parameters
}

/** A compiled step. */
export interface TrainingStep<Batch> extends AsyncDisposable {
  /** Computes loss and gradients of one batch; `step` seeds its noise. Gradients lie in the parameters' gradient buffers. */
  run(batch: Batch, step: number): Promise<{ readonly loss: number; readonly parts: Readonly<Record<string, number>> }>
  readonly gradients: readonly GradientParts[]
}

/** What a step is compiled with. */
export interface StepParts<Shape, Batch> {
  readonly model: Pick<Trainable<Shape, Batch>, 'fill'>
  readonly step: StepGraph<Shape>
  readonly state: ParameterState
  readonly frozen: FrozenInputs
  readonly pools: NoisePools
  readonly seed: number
  readonly runtime: RuntimeOptions
}

/** Compiles a step; dense gradients are written straight into the parameters' gradient buffers, shared by all steps. */
export async function compileStep<Shape, Batch>(parts: StepParts<Shape, Batch>): Promise<TrainingStep<Batch>> {
  const { model, step, state, frozen, pools, seed, runtime } = parts
  const shared: Record<string, Buffer> = {}
  for (const [name, { gradient }] of state.buffers)
    if (`gradient.${name}` in step.graph.outputs) shared[`gradient.${name}`] = gradient
  const program = await compile(step.graph, runtime, shared)
  bindParameters(program, step.graph, state)
  for (const [name, buffer] of Object.entries(frozen)) if (step.graph.inputs.has(name)) program.bind(name, buffer)
  const buffers: Record<string, Float32Array | BigInt64Array> = {}
  for (const [name, tensor] of Object.entries(step.model.inputs)) {
    const size = sizeOf(tensor.shape)
    buffers[name] = tensor.dtype === 'int64' ? new BigInt64Array(size) : new Float32Array(size)
    if (step.graph.inputs.has(name)) program.bind(name, buffers[name])
  }
  const scalarOf = (name: string): number => Number((program.outputs[name] as Float32Array)[0])
  return {
    gradients: step.gradients.map(({ name, dense, sparse }) => ({
      name,
      dense,
      sparse: Array.from({ length: sparse }, (_, index) => ({
        ids: program.outputs[`ids.${index}.${name}`] as BigInt64Array,
        rows: program.outputs[`rows.${index}.${name}`] as Float32Array,
      })),
    })),
    async run(batch, count) {
      model.fill(batch, step.shape, buffers, randomStream(seed, 'fill', count))
      for (const [index, { name, kind, rate, tensor }] of step.noise.entries()) {
        if (step.graph.inputs.has(name))
          program.bind(name, pools.draw(kind, rate, sizeOf(tensor.shape), mixSeed(seed, 'noise', count, index)))
      }
      await program.run()
      return {
        loss: scalarOf('loss'),
        parts: Object.fromEntries(Object.keys(step.model.parts).map((name) => [name, scalarOf(`part.${name}`)])),
      }
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}

/** Binds every parameter of a graph to its values. */
function bindParameters(program: Program, graph: Graph, state: ParameterState): void {
  for (const { origin } of graph.parameters) program.bind(origin.name, state.buffers.get(origin.name)!.values)
}
