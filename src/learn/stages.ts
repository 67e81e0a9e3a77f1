/**
 * @file A stage of training, open: its batches, its compiled steps, whose turn it is, and what it does to the memory.
 */
import type { BatchShape, TrainingBatch, TrainingBatches } from '../batches/kind.ts'
import type { Memory, Objective, Stage, StageContext } from '../models/contract/model.ts'
import { buildGraph } from '../onnx/graph.ts'
import { adam } from '../optim/adam.ts'
import type { Optimizer } from '../optim/optimizer.ts'
import { mixSeed, randomStream } from '../random/stream.ts'
import { catalogLosses } from './catalog-losses.ts'
import type { TrainingState } from './checkpoint.ts'
import { tablesElsewhere } from './fed-rows.ts'
import { noisePools } from './noise-pools.ts'
import { prepareOptimizer, restart } from './parameters.ts'
import { bindKnown, compileStep, parametersOf, type StepGraph, stepGraph, type TrainingStep } from './step.ts'
import type { TrainingRun } from './training-run.ts'
import { hiddenUsers } from './unknown-users.ts'

/** One step to come: a batch of an objective. */
export interface Turn {
  readonly objective: Objective
  readonly batch: TrainingBatch
}

/** A stage with everything that is compiled for it. */
export interface OpenStage extends AsyncDisposable {
  readonly name: string
  /** Whether epochs are validated; if not, `epochs` says how many there are. */
  readonly validates: boolean
  readonly epochs: number
  readonly severalObjectives: boolean
  /** What is learned from, in words. */
  readonly size: string
  readonly graphs: readonly StepGraph[]
  /** Fills the memory before an epoch, and before the stage where it is the first. */
  begin(epoch: number, isFirst: boolean): Promise<void>
  /** Fills the memory after an epoch. */
  end(epoch: number): Promise<void>
  /** Fills the memory before the first step of an objective in an epoch. */
  beginPass(objective: Objective, epoch: number): Promise<void>
  /** The steps of an epoch, in order; the same for the same epoch. */
  turns(epoch: number): readonly Turn[]
  stepOf(turn: Turn): Promise<TrainingStep>
  optimizerOf(objective: Objective): Optimizer
  isOver(memory: Memory): boolean
}

/** An objective with its batches, and its graphs by shape. */
interface OpenObjective {
  readonly objective: Objective
  readonly optimizer: Optimizer
  readonly batches: TrainingBatches
  readonly graphs: ReadonlyMap<string, StepGraph>
}

/** Shapes of one content have one graph. */
const keyOf = (shape: BatchShape): string => JSON.stringify(shape)

/** What a stage needs of a training. */
type StageRun = Pick<TrainingRun, 'slug' | 'data' | 'training' | 'frozen' | 'pools' | 'runtime' | 'ranks'>

/** Opens a stage. @throws UserError when there is nothing to train on */
export function openStage(stage: Stage, run: StageRun, state: TrainingState): OpenStage {
  const { slug, data, training, frozen, runtime, ranks } = run
  const { batchSize, seed, weightDecay, embeddingRegularization: rowPenalty = 0, unknownShare: share = 0 } = training
  const { pools = noisePools(seed) } = run
  const losses = catalogLosses(training, data)
  const { parameters, memory } = state
  const elsewhere = tablesElsewhere(parameters)
  const objectives = stage.objectives.map((objective): OpenObjective => {
    const batches = objective.batches.training(data, { slug, batchSize, seed, memory })
    const { clipNorm, optimizer, rateOf } = objective
    return {
      objective,
      optimizer:
        optimizer ??
        adam({ weightDecay, rowPenalty, ...(clipNorm !== undefined && { clipNorm }), ...(rateOf && { rateOf }) }),
      batches,
      graphs: new Map(batches.shapes.map((shape) => [keyOf(shape), stepGraph(objective, shape, losses, elsewhere)])),
    }
  })
  const opened = (objective: Objective): OpenObjective =>
    objectives.find((one) => one.objective === objective) as OpenObjective
  for (const { optimizer, graphs } of objectives) {
    const names = [...graphs.values()].flatMap(({ gradients }) => gradients.map(({ name }) => name))
    prepareOptimizer(parameters, optimizer, names)
  }
  const graphs = objectives.flatMap((one) => [...one.graphs.values()])
  const { userRow } = data.samples?.vocabulary ?? {}
  // Ranks draw noise of their own, each for its batch.
  const noiseSeed = ranks && ranks.rank > 0 ? mixSeed(seed, 'rank', ranks.rank) : seed
  const hidden = share > 0 && userRow ? hiddenUsers(frozen, { userRow, share, seed: noiseSeed }) : undefined
  const steps = new Map<StepGraph, Promise<TrainingStep>>()
  const evaluate: StageContext['evaluate'] = async (outputs) => {
    const graph = buildGraph(outputs)
    await using program = await runtime(graph)
    bindKnown(program, graph, { state: parameters, frozen, memory })
    await program.run()
    return Object.fromEntries(Object.entries(program.outputs).map(([name, values]) => [name, values.slice()]))
  }
  const context = (key: string, epoch: number): StageContext => ({
    data,
    memory,
    evaluate,
    random: randomStream(seed, key, epoch),
  })
  return {
    name: stage.name,
    validates: stage.epochs === 'until-best',
    epochs: stage.epochs === 'until-best' ? training.epochs : stage.epochs,
    severalObjectives: objectives.length > 1,
    size: [...new Set(objectives.map(({ batches }) => batches.size))].join('; '),
    graphs,
    async begin(epoch, isFirst) {
      if (stage.restarts && !isFirst) {
        const anew = parametersOf(stage.objectives).filter(({ origin }) => stage.restarts?.(origin.name))
        restart(parameters, { parameters: anew, using: objectives.map(({ optimizer }) => optimizer), seed, epoch })
      }
      if (isFirst) await stage.before?.(context('before-stage', epoch))
      await stage.beforeEpoch?.(context('before-epoch', epoch))
    },
    async beginPass(objective, epoch) {
      await objective.beforePass?.(context(`before-${objective.name}`, epoch))
    },
    end: async (epoch) => stage.afterEpoch?.(context('after-epoch', epoch)),
    turns: (epoch) => turnsOf(objectives, epoch, stage.turns),
    stepOf({ objective, batch }) {
      const step = opened(objective).graphs.get(keyOf(batch.shape)) as StepGraph
      const made =
        steps.get(step) ??
        compileStep({ step, state: parameters, frozen, hidden, memory, losses, pools, seed: noiseSeed, runtime })
      steps.set(step, made)
      return made
    },
    optimizerOf: (objective) => opened(objective).optimizer,
    isOver: (current) => stage.isOver?.(current) ?? false,
    async [Symbol.asyncDispose]() {
      for (const step of steps.values()) await (await step)[Symbol.asyncDispose]()
    },
  }
}

/** Whose batches come when. */
function turnsOf(objectives: readonly OpenObjective[], epoch: number, turns: Stage['turns'] = 'step'): readonly Turn[] {
  const each = objectives.map(({ objective, batches }) => ({ objective, batches: batches.epoch(epoch) }))
  if (turns === 'pass') return each.flatMap(({ objective, batches }) => batches.map((batch) => ({ objective, batch })))
  const rounds = each[0]?.batches.length ?? 0
  return Array.from({ length: rounds }, (_, round) => round).flatMap((round) =>
    each.flatMap(({ objective, batches }) => {
      const batch = batches[round % batches.length]
      return batch ? [{ objective, batch }] : []
    }),
  )
}
