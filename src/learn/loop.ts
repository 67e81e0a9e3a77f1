/** @file The training loop: epochs of batches, validation, early stopping, a checkpoint after each epoch, and a way to stop and resume. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Dataset } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { atStart, loadCheckpoint, type Progress, saveCheckpoint, saveParameters } from './checkpoint.ts'
import type { TrainingConfig } from './config.ts'
import { estimateMemory, type MemoryEstimate } from './memory.ts'
import { noisePools } from './noise-pools.ts'
import { applyGradients, initialParameters, type ParameterState } from './parameters.ts'
import { compileStep, parametersOf, type StepGraph, stepGraph, type TrainingStep } from './step.ts'
import type { Task, Validator } from './task.ts'

/** What {@link trainModel} needs. */
export interface TrainingRun<Shape, Batch> {
  readonly task: Task<Shape, Batch>
  readonly training: TrainingConfig
  readonly dataset: Dataset
  /** Where checkpoints go. */
  readonly folder: string
  /** Names this run: model, settings and dataset; a checkpoint of another is refused. */
  readonly fingerprint: string
  readonly resume?: boolean
  /** Aborting finishes the step, saves, and ends the run as interrupted. */
  readonly signal?: AbortSignal
  readonly report?: (event: TrainingEvent) => void
}

/** What a run tells while it goes on. */
export type TrainingEvent =
  | {
      readonly kind: 'start'
      /** What is learned from, in words. */
      readonly size: string
      /** What validation measures: `NDCG@10`. */
      readonly metric: string
      readonly parameters: number
      readonly batches: number
      readonly memory: MemoryEstimate
      readonly resumed: Progress
    }
  | {
      readonly kind: 'batch'
      readonly epoch: number
      readonly batch: number
      readonly batches: number
      readonly loss: number
      readonly targetsPerSecond: number
    }
  | {
      readonly kind: 'epoch'
      readonly epoch: number
      readonly loss: number
      readonly parts: Readonly<Record<string, number>>
      readonly metric: string
      readonly validation: number
      readonly best: boolean
      readonly seconds: number
      readonly targetsPerSecond: number
      /** Seconds until the last allowed epoch; early stopping may end sooner. */
      readonly secondsLeft: number
    }

/** How a run ended. */
export interface TrainingResult {
  readonly status: 'finished' | 'interrupted'
  readonly epochs: number
  readonly best: Progress['best']
  readonly history: Progress['history']
}

/** File names in a run's folder. */
export const runFiles = {
  run: 'run.json',
  checkpoint: 'checkpoint.safetensors',
  model: 'model.safetensors',
  epochs: 'epochs.json',
} as const

/** Everything a run holds between steps. */
interface Loop<Shape, Batch> extends TrainingRun<Shape, Batch> {
  readonly state: ParameterState
  readonly validator: Validator
  readonly stepOf: (shape: Shape) => Promise<TrainingStep<Batch>>
}

/**
 * Trains until validation stops rising, and leaves the best parameters in `model.safetensors`.
 * Two runs with one seed and one thread count write the same bytes, interrupted or not.
 * @throws UserError as {@link loadCheckpoint}, and when the loss is no longer a number
 */
export async function trainModel<Shape, Batch>(run: TrainingRun<Shape, Batch>): Promise<TrainingResult> {
  const { task, training, dataset, folder, fingerprint, report } = run
  const { model, shapes, frozen, metric, size } = task
  const state = initialParameters(parametersOf(model, shapes[0] as Shape), training.seed)
  const checkpoint = join(folder, runFiles.checkpoint)
  const progress =
    run.resume && existsSync(checkpoint) ? loadCheckpoint(checkpoint, state, fingerprint) : structuredClone(atStart)
  const runtime = { threads: training.threads }
  const values = new Map([...state.buffers].map(([name, { values }]) => [name, values]))
  const graphs = new Map(shapes.map((shape) => [shape, stepGraph(model, shape)]))
  const steps = new Map<Shape, Promise<TrainingStep<Batch>>>()
  const pools = noisePools(training.seed)
  const stepOf = (shape: Shape): Promise<TrainingStep<Batch>> => {
    const made =
      steps.get(shape) ??
      compileStep({
        model,
        step: graphs.get(shape) as StepGraph<Shape>,
        state,
        frozen,
        pools,
        seed: training.seed,
        runtime,
      })
    steps.set(shape, made)
    return made
  }
  const parameters = [...values.values()].reduce((sum, { length }) => sum + length, 0)
  const memory = estimateMemory({ dataset, state, steps: [...graphs.values()], validation: task.validationBytes() })
  report?.({ kind: 'start', size, metric, parameters, batches: task.batches(0).length, memory, resumed: progress })
  await using validator = await task.validator(values, runtime)
  const loop: Loop<Shape, Batch> = { ...run, state, validator, stepOf }
  let status: TrainingResult['status'] = 'finished'
  while (!progress.finished && status === 'finished') status = await trainEpoch(loop, progress)
  for (const step of steps.values()) await (await step)[Symbol.asyncDispose]()
  return { status, epochs: progress.epoch, best: progress.best, history: progress.history }
}

async function trainEpoch<Shape, Batch>(
  loop: Loop<Shape, Batch>,
  progress: Progress,
): Promise<TrainingResult['status']> {
  const { training, task, state, signal, report, folder, fingerprint } = loop
  const epoch = progress.epoch + 1
  const batches = task.batches(epoch)
  const started = performance.now()
  let targets = 0
  for (const next of batches.slice(progress.batch)) {
    const step = await loop.stepOf(next.shape)
    const batch = next.make()
    const { loss, parts } = await step.run(batch, state.step + 1)
    if (!Number.isFinite(loss)) throw diverged(epoch, progress.batch, training)
    applyGradients(state, step.gradients, training)
    for (const [name, value] of Object.entries({ loss, ...parts }))
      progress.sums[name] = (progress.sums[name] ?? 0) + value
    progress.batch++
    progress.step = state.step
    targets += task.targetsOf(batch)
    const targetsPerSecond = (1e3 * targets) / (performance.now() - started)
    report?.({ kind: 'batch', epoch, batch: progress.batch, batches: batches.length, loss, targetsPerSecond })
    if (signal?.aborted) {
      await saveCheckpoint(join(folder, runFiles.checkpoint), state, progress, fingerprint)
      return 'interrupted'
    }
  }
  const seconds = (performance.now() - started) / 1e3
  await closeEpoch(loop, progress, batches.length, { seconds, targetsPerSecond: targets / seconds })
  return 'finished'
}

async function closeEpoch<Shape, Batch>(
  { training, task, validator, state, report, folder, fingerprint }: Loop<Shape, Batch>,
  progress: Progress,
  batches: number,
  speed: { seconds: number; targetsPerSecond: number },
): Promise<void> {
  const validation = await validator.validate()
  const { loss = 0, ...parts } = Object.fromEntries(
    Object.entries(progress.sums).map(([name, sum]) => [name, sum / batches]),
  )
  const epoch = progress.epoch + 1
  const best = progress.best === null || validation > progress.best.validation
  progress.epoch = epoch
  progress.batch = 0
  progress.sums = {}
  if (best) progress.best = { epoch, validation }
  progress.history.push({ epoch, loss, parts, validation })
  progress.finished = epoch >= training.epochs || epoch - (progress.best?.epoch ?? 0) >= training.patience
  // The best model first: a kill between the two writes repeats this epoch and writes the same bytes again.
  if (best) await saveParameters(join(folder, runFiles.model), state, fingerprint)
  await saveCheckpoint(join(folder, runFiles.checkpoint), state, progress, fingerprint)
  const secondsLeft = speed.seconds * (training.epochs - epoch)
  report?.({ kind: 'epoch', epoch, loss, parts, metric: task.metric, validation, best, ...speed, secondsLeft })
}

function diverged(epoch: number, batch: number, { learningRate }: TrainingConfig): UserError {
  return new UserError({
    where: `training epoch ${epoch}, batch ${batch + 1}`,
    problem: 'invalid',
    value: 'the loss is not a number',
    hint: `try a learning rate below ${learningRate}; the last checkpoint is unharmed`,
  })
}
