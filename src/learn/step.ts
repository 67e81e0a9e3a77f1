/** @file One compiled training step: a batch in, loss and gradients out, noise drawn from pools. */
import { type BatchShape, type TrainingBatch, usersIn } from '../batches/kind.ts'
import type { FrozenInputs } from '../models/contract/catalog.ts'
import type { Memory, Objective } from '../models/contract/model.ts'
import { type CatalogLoss, catalogLoss } from '../nn/catalog-loss.ts'
import type { NoiseInput } from '../nn/noise.ts'
import { buildGraph, type Graph } from '../onnx/graph.ts'
import { mixSeed, randomStream } from '../random/stream.ts'
import type { Buffer, Program, Runtime } from '../runtime/runtime.ts'
import { gradients } from '../tensor/gradient.ts'
import { type Parameter, sizeOf, type Tensor } from '../tensor/node.ts'
import { type CatalogLosses, fullSoftmax } from './catalog-losses.ts'
import { type FedGraph, fedGraph, fedProgram, hasInput } from './fed-rows.ts'
import type { NoisePools } from './noise-pools.ts'
import { totalLoss } from './objectives.ts'
import type { GradientParts, ParameterState } from './parameters.ts'
import { type TrainingPass, trainingPass } from './pass.ts'
import type { HiddenUsers } from './unknown-users.ts'

/** A training graph with its gradients, ready to compile. */
export interface StepGraph extends FedGraph {
  readonly shape: BatchShape
  /** The inputs that the batch is made of, and those of what it is compared with, by name. */
  readonly inputs: Readonly<Record<string, Tensor>>
  /** The losses to report, by name. */
  readonly parts: Readonly<Record<string, Tensor>>
  readonly noise: readonly NoiseInput[]
  readonly pass: TrainingPass
  /** For each trained parameter, whether a dense gradient comes out and how many lists of sparse rows. */
  readonly gradients: readonly { readonly name: string; readonly dense: boolean; readonly sparse: number }[]
}

/** The symbolic loss of an objective on batches of a shape. */
function lossOf(objective: Objective, shape: BatchShape, losses?: CatalogLosses) {
  const { inputs, batch } = objective.batches.declare(shape)
  const pass = trainingPass(losses)
  return { inputs: { ...inputs, ...pass.lossInputs }, pass, ...totalLoss(objective.losses(batch, pass)) }
}

/** Whether a loss over the catalog is among those of an objective. */
export function hasCatalogLoss(objective: Objective): boolean {
  let has = false
  const loss: CatalogLoss = (parts) => {
    has = true
    return catalogLoss(parts)
  }
  lossOf(objective, objective.batches.smallest, { ...fullSoftmax, declare: () => ({ loss, inputs: {} }) })
  return has
}

/**
 * Builds the graph of a training step.
 * @param losses in place of the softmax over the whole catalog
 * @param elsewhere tables whose rows it is fed
 */
export function stepGraph(
  objective: Objective,
  shape: BatchShape,
  losses?: CatalogLosses,
  elsewhere: ReadonlySet<string> = new Set(),
): StepGraph {
  const { inputs, pass, loss, parts } = lossOf(objective, shape, losses)
  const parameters = buildGraph({ loss }).parameters
  const trained = parameters.filter(({ origin }) => objective.trains?.(origin.name) ?? true)
  const outputs: Record<string, Tensor> = { loss }
  for (const [name, part] of Object.entries(parts)) outputs[`part.${name}`] = part
  for (const [name, tensor] of pass.observed) outputs[`observed.${name}`] = tensor
  const kinds: { name: string; dense: boolean; sparse: number }[] = []
  for (const [parameter, { dense, sparse }] of gradients(loss, trained)) {
    const { name } = parameter.origin
    if (dense) outputs[`gradient.${name}`] = dense
    for (const [index, { ids, rows }] of sparse.entries()) {
      outputs[`ids.${index}.${name}`] = ids
      outputs[`rows.${index}.${name}`] = rows
    }
    kinds.push({ name, dense: dense !== undefined, sparse: sparse.length })
  }
  return { shape, ...fedGraph(outputs, elsewhere), inputs, parts, noise: pass.noise.inputs, pass, gradients: kinds }
}

/** The parameters that some objectives read, found from the graphs of their losses. */
export function parametersOf(objectives: readonly Objective[]): readonly Parameter[] {
  const found = new Map<string, Parameter>()
  for (const objective of objectives) {
    const { loss } = lossOf(objective, objective.batches.smallest)
    for (const parameter of buildGraph({ loss }).parameters) {
      if (!found.has(parameter.origin.name)) found.set(parameter.origin.name, parameter)
    }
  }
  return [...found.values()]
}

/** What came of one step. */
export interface StepResult {
  readonly loss: number
  readonly parts: Readonly<Record<string, number>>
  /** How many targets the batch had. */
  readonly targets: number
  /** What the model observed, by name: the program's own buffers, overwritten by the next run. */
  readonly observed: Readonly<Record<string, Float32Array | BigInt64Array>>
}

/** A compiled step. */
export interface TrainingStep extends AsyncDisposable {
  /**
   * Computes loss and gradients of one batch; `step`, from 1, seeds its noise. Gradients lie in the parameters'
   * gradient buffers.
   * @param epoch for what follows a schedule; 1 by default
   */
  run(batch: Pick<TrainingBatch, 'fill'>, step: number, epoch?: number): Promise<StepResult>
  /**
   * The first half of {@link run}: fills the buffers, while gradients of another step are on their way.
   * @returns what the other half needs: how many targets there are
   */
  fill(batch: Pick<TrainingBatch, 'fill'>, step: number, epoch?: number): number
  /** The other half: computes what was filled. */
  compute(targets: number): Promise<StepResult>
  /** What a rank without a batch does while the others compute: it gives them the rows that they read of its tables. */
  attend(): Promise<void>
  /** The names of the parts of the loss. */
  readonly parts: readonly string[]
  readonly gradients: readonly GradientParts[]
}

/** What a step is compiled with. */
export interface StepParts {
  readonly step: StepGraph
  readonly state: ParameterState
  readonly frozen: FrozenInputs
  /** Hides some users' ids from each step; what it has of users is read in place of `frozen`'s. */
  readonly hidden?: HiddenUsers | undefined
  readonly memory?: Memory
  /** Those that the graph was built with. */
  readonly losses?: CatalogLosses
  readonly pools: NoisePools
  readonly seed: number
  readonly runtime: Runtime
}

/** Compiles a step; dense gradients are written straight into the parameters' gradient buffers, shared by all steps. */
export async function compileStep({
  step,
  state,
  hidden,
  frozen,
  memory = {},
  losses = fullSoftmax,
  pools,
  seed,
  runtime,
}: StepParts): Promise<TrainingStep> {
  const { graph, pass } = step
  const shared: Record<string, Buffer> = {}
  for (const [name, { gradient }] of state.buffers) {
    if (`gradient.${name}` in graph.outputs) shared[`gradient.${name}`] = gradient
  }
  const program = await fedProgram(step, { runtime, state }, shared)
  const known = { state, frozen: losses.frozen(hidden?.frozen ?? frozen), memory }
  for (const one of [graph, ...(step.ids ? [step.ids] : [])]) bindKnown(program, one, known)
  const buffers: Record<string, Float32Array | BigInt64Array> = {}
  for (const [name, { shape, dtype }] of Object.entries(step.inputs)) {
    if (!hasInput(step, name)) continue
    buffers[name] = dtype === 'int64' ? new BigInt64Array(sizeOf(shape)) : new Float32Array(sizeOf(shape))
    program.bind(name, buffers[name])
  }
  const schedules = [...pass.schedules].flatMap(([name, { schedule }]) => {
    if (!hasInput(step, name)) return []
    const value = new Float32Array(1)
    program.bind(name, value)
    return [{ schedule, value }]
  })
  const scalarOf = (name: string): number => Number((program.outputs[name] as Float32Array)[0])
  const made: TrainingStep = {
    gradients: step.gradients.map(({ name, dense, sparse }) => ({
      name,
      dense,
      sparse: Array.from({ length: sparse }, (_, index) => ({
        ids: program.outputs[`ids.${index}.${name}`] as BigInt64Array,
        rows: program.outputs[`rows.${index}.${name}`] as Float32Array,
      })),
    })),
    parts: Object.keys(step.parts),
    run: (batch, count, epoch) => made.compute(made.fill(batch, count, epoch)),
    fill(batch, count, epoch = 1) {
      const targets = batch.fill(buffers, randomStream(seed, 'fill', count))
      losses.fill(buffers, randomStream(seed, 'catalog-loss', count))
      hidden?.draw(count, usersIn(buffers))
      for (const [index, { name, kind, rate, tensor }] of step.noise.entries()) {
        const key = mixSeed(seed, 'noise', count, index)
        if (hasInput(step, name)) program.bind(name, pools.draw(kind, rate, sizeOf(tensor.shape), key))
      }
      for (const { schedule, value } of schedules) value[0] = schedule.training(count - 1, epoch)
      return targets
    },
    attend: () => program.read(false),
    async compute(targets) {
      await program.read(true)
      await program.run()
      const observed = [...pass.observed.keys()].map((name) => [name, program.outputs[`observed.${name}`]])
      return {
        loss: scalarOf('loss'),
        parts: Object.fromEntries(Object.keys(step.parts).map((name) => [name, scalarOf(`part.${name}`)])),
        targets,
        observed: Object.fromEntries(observed) as StepResult['observed'],
      }
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
  return made
}

/** Binds what a graph reads besides its batch: parameters, frozen inputs, the model's memory. */
export function bindKnown(
  program: Pick<Program, 'bind'>,
  graph: Graph,
  { state, frozen, memory }: { readonly state: ParameterState; readonly frozen: FrozenInputs; readonly memory: Memory },
): void {
  for (const { origin } of graph.parameters)
    program.bind(origin.name, (state.buffers.get(origin.name) as { values: Float32Array }).values)
  for (const name of graph.inputs.keys()) {
    const buffer = memory[name]?.data ?? frozen.get(name)
    if (buffer) program.bind(name, buffer)
  }
}
