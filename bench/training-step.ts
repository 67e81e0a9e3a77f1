/**
 * @file A training step of a model, compiled as training compiles it: it runs here, and all that its first step reads
 * goes to a file, so that another program can take the same step.
 */
import type { TrainingBatch, TrainingData } from '../src/batches/kind.ts'
import { trainingConfig } from '../src/learn/config.ts'
import { noisePools } from '../src/learn/noise-pools.ts'
import { stagesOf } from '../src/learn/objectives.ts'
import { applyGradients, initialParameters, type ParameterState } from '../src/learn/parameters.ts'
import { openStage } from '../src/learn/stages.ts'
import { parametersOf, type StepGraph } from '../src/learn/step.ts'
import { catalogInputs, type FrozenInputs } from '../src/models/contract/catalog.ts'
import type { BuiltModel, Memory, Stage } from '../src/models/contract/model.ts'
import { mixSeed, randomStream } from '../src/random/stream.ts'
import { vocabularyOf } from '../src/runs/built-model.ts'
import { nodeRuntime } from '../src/runtime/node.ts'
import { writeAtomically } from '../src/storage/atomic.ts'
import { encodeSafetensors, type StoredTensor } from '../src/storage/safetensors.ts'
import { sizeOf } from '../src/tensor/node.ts'

/** What is compiled. */
interface StepSettings {
  readonly slug: string
  readonly model: BuiltModel
  readonly data: TrainingData
  readonly batchSize: number
  readonly threads: number
  /** The objective whose steps are taken; the first of the last stage by default. */
  readonly objective?: string | undefined
  /** Where all goes that the first step reads, as safetensors: parameters, batch, what is known of items, noise. */
  readonly file: string
}

/** A compiled step. */
export interface TrainingSteps extends AsyncDisposable {
  /** Of the step that the file tells of. */
  readonly firstLoss: number
  /** Milliseconds of processor time of each of so many steps: the batch written, forward, backward, optimizer. */
  run(steps: number): Promise<number[]>
}

/** The steps of one objective of a model, on batches of the longest histories. */
export async function trainingSteps(settings: StepSettings): Promise<TrainingSteps> {
  const { slug, model, data, batchSize, threads, file } = settings
  const stages = stagesOf(model)
  const isMeant = ({ name }: Stage['objectives'][number]): boolean => name === settings.objective
  const stage = (settings.objective ? stages.find((one) => one.objectives.some(isMeant)) : stages.at(-1)) as Stage
  const objective = (stage.objectives.find(isMeant) ?? stage.objectives[0]) as Stage['objectives'][number]
  const frozen = catalogInputs(data.dataset, { vocabulary: vocabularyOf(data), own: model.frozen ?? {} })
  const pools = noisePools(0)
  const memory = model.memory ?? {}
  const training = trainingConfig.parse({ batchSize, seed: 0 })
  const parameters = initialParameters(parametersOf(stages.flatMap(({ objectives }) => objectives)), 0)
  disturb(parameters)
  const run = { slug, data, training, frozen, pools, runtime: nodeRuntime({ threads }) }
  // Alone: another objective may have batches of the same shape.
  const open = openStage({ ...stage, objectives: [objective] }, run, { parameters, memory })
  await open.begin(1, true)
  await open.beginPass(objective, 1)
  const turns = [1, 2, 3].flatMap((epoch) => open.turns(epoch))
  const longest = turns.reduce((most, { batch }) => Math.max(most, batch.shape.length), 0)
  const [first, ...others] = turns.filter(({ batch }) => batch.shape.length === longest)
  if (!first) throw new Error(`${slug} has no batches`)
  const key = JSON.stringify(first.batch.shape)
  const alike = [first, ...others.filter(({ batch }) => JSON.stringify(batch.shape) === key)]
  const graph = open.graphs.find(({ shape }) => JSON.stringify(shape) === key) as StepGraph
  const read = readBy(graph, first.batch, { parameters, memory, frozen, pools })
  const trains = graph.gradients.map(({ name }) => name)
  await writeAtomically(file, encodeSafetensors(read, { trains: JSON.stringify(trains) }))
  const step = await open.stepOf(first)
  const optimizer = open.optimizerOf(objective)
  let taken = 0
  const take = async (): Promise<number> => {
    const { batch } = alike[taken % alike.length] as typeof first
    taken++
    const { loss } = await step.run(batch, taken)
    applyGradients(parameters, step.gradients, optimizer, training.learningRate)
    return loss
  }
  const firstLoss = await take()
  return {
    firstLoss,
    async run(steps) {
      const times: number[] = []
      for (let at = 0; at < steps; at++) {
        const before = process.cpuUsage()
        await take()
        const { user, system } = process.cpuUsage(before)
        times.push((user + system) / 1e3)
      }
      return times
    },
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  }
}

/** Moves parameters off their small first values, so that every part of a model has its say in the first loss. */
function disturb({ buffers }: ParameterState): void {
  const random = randomStream(0, 'disturb')
  for (const { values } of buffers.values())
    for (let at = 0; at < values.length; at++) values[at] = (values[at] as number) + 0.03 * random.normal()
}

/** What a step's graph is fed with besides its batch. */
interface Known {
  readonly parameters: ParameterState
  readonly memory: Memory
  readonly frozen: FrozenInputs
  readonly pools: ReturnType<typeof noisePools>
}

/** Every array that the first step reads, by the names of the graph's inputs; they are copies. */
function readBy(
  { graph, inputs, noise, pass }: StepGraph,
  batch: TrainingBatch,
  { parameters, memory, frozen, pools }: Known,
): Record<string, StoredTensor> {
  const of: Record<string, Float32Array | BigInt64Array> = {}
  for (const [name, { shape, dtype }] of Object.entries(inputs))
    of[name] = dtype === 'int64' ? new BigInt64Array(sizeOf(shape)) : new Float32Array(sizeOf(shape))
  batch.fill(of, randomStream(0, 'fill', 1))
  for (const [at, { name, kind, rate, tensor }] of noise.entries())
    of[name] = pools.draw(kind, rate, sizeOf(tensor.shape), mixSeed(0, 'noise', 1, at))
  for (const [name, { schedule }] of pass.schedules) of[name] = Float32Array.of(schedule.training(0, 1))
  return Object.fromEntries(
    [...graph.inputs].map(([name, { shape }]) => {
      const data = of[name] ?? parameters.buffers.get(name)?.values ?? memory[name]?.data ?? frozen.get(name)
      if (!data) throw new Error(`nothing is fed as "${name}"`)
      return [name, { shape, data }]
    }),
  )
}
