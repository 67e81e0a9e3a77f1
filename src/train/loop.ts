/** @file The training loop: epochs of batches, validation, early stopping, a checkpoint after each epoch, and a way to stop and resume. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Dataset, Split } from '../data/schema.ts'
import {
  type Batch,
  type BatchSettings,
  type Bucket,
  bucketsOf,
  epochBatches,
  makeWindows,
  type TrainingWindows,
  trainingWindows,
} from '../data/windows.ts'
import { UserError } from '../errors.ts'
import { ndcgOf } from '../evaluate/evaluate.ts'
import { frozenInputs } from '../models/frozen-inputs.ts'
import type { NextItemModel } from '../models/model.ts'
import { type NextItemScorer, nextItemScorer } from '../ranking/scorer.ts'
import { atStart, loadCheckpoint, type Progress, saveCheckpoint, saveParameters } from './checkpoint.ts'
import type { TrainingConfig } from './config.ts'
import { estimateMemory, type MemoryEstimate } from './memory.ts'
import { noisePools } from './noise-pools.ts'
import { applyGradients, initialParameters, type ParameterState } from './parameters.ts'
import { compileStep, parametersOf, stepGraph, type TrainingStep } from './step.ts'

/** What {@link trainModel} needs. */
export interface TrainingRun {
  readonly slug: string
  readonly model: NextItemModel
  readonly training: TrainingConfig
  readonly dataset: Dataset
  readonly split: Split
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
      readonly windows: number
      readonly targets: number
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
export const runFiles = { run: 'run.json', checkpoint: 'checkpoint.safetensors', model: 'model.safetensors', epochs: 'epochs.json' } as const

/** Lengths that windows are padded to. */
function bucketLengths(maxLength: number): number[] {
  return [4, 8, 16, 32].filter((length) => length < maxLength).concat(maxLength)
}

/** Everything a run holds between steps. */
interface Loop extends TrainingRun {
  readonly windows: TrainingWindows
  readonly buckets: readonly Bucket[]
  readonly settings: BatchSettings
  readonly state: ParameterState
  readonly scorer: NextItemScorer
  readonly stepOf: (bucket: Bucket) => Promise<TrainingStep>
}

/**
 * Trains until validation NDCG@10 stops rising, and leaves the best parameters in `model.safetensors`.
 * Two runs with one seed and one thread count write the same bytes, interrupted or not.
 * @throws UserError `empty` when nothing can be trained on, and as {@link loadCheckpoint}.
 */
export async function trainModel(run: TrainingRun): Promise<TrainingResult> {
  const { model, training, dataset, split, folder, fingerprint, report, slug } = run
  const windows = trainingWindows(dataset.events, split, dataset.manifest.candidates, model.windows)
  if (windows.targetCount === 0) throw nothingToTrain(dataset, slug)
  const settings = { batchSize: training.batchSize, lengths: bucketLengths(model.windows.maxLength), seed: training.seed }
  const buckets = bucketsOf(windows, model.windows, settings)
  const state = initialParameters(parametersOf(model, buckets.map(shapeOf)[0]!), training.seed)
  const checkpoint = join(folder, runFiles.checkpoint)
  const progress = run.resume && existsSync(checkpoint) ? loadCheckpoint(checkpoint, state, fingerprint) : structuredClone(atStart)
  const runtime = { threads: training.threads }
  const parameters = new Map([...state.buffers].map(([name, { values }]) => [name, values]))
  const graphs = new Map(buckets.map((bucket) => [bucket, stepGraph(model, shapeOf(bucket))]))
  const steps = new Map<Bucket, Promise<TrainingStep>>()
  const [frozen, pools] = [frozenInputs(dataset, model), noisePools(training.seed)]
  const stepOf = (bucket: Bucket): Promise<TrainingStep> => {
    const made =
      steps.get(bucket) ?? compileStep({ model, step: stepGraph(model, shapeOf(bucket)), state, frozen, pools, seed: training.seed, runtime })
    steps.set(bucket, made)
    return made
  }
  const batches = epochBatches(windows, model.windows, buckets, settings, 0).length
  const size = [...parameters.values()].reduce((sum, values) => sum + values.length, 0)
  const memory = estimateMemory({ dataset, model, state, steps: [...graphs.values()] })
  report?.({ kind: 'start', windows: windows.rows.length, targets: windows.targetCount, parameters: size, batches, memory, resumed: progress })
  await using scorer = await nextItemScorer({ slug, model, dataset, parameters, runtime })
  const loop: Loop = { ...run, windows, buckets, settings, state, scorer, stepOf }
  let status: TrainingResult['status'] = 'finished'
  while (!progress.finished && status === 'finished') status = await trainEpoch(loop, progress)
  for (const step of steps.values()) await (await step)[Symbol.asyncDispose]()
  return { status, epochs: progress.epoch, best: progress.best, history: progress.history }
}

const shapeOf = ({ rows, length, targets, targetsPerRow }: Bucket) => ({ rows, length, targets, targetsPerRow })

async function trainEpoch(loop: Loop, progress: Progress): Promise<TrainingResult['status']> {
  const { training, model, windows, buckets, settings, state, signal, report, folder, fingerprint } = loop
  const epoch = progress.epoch + 1
  const batches = epochBatches(windows, model.windows, buckets, settings, epoch)
  const started = performance.now()
  let targets = 0
  while (progress.batch < batches.length) {
    const batch = batches[progress.batch] as Batch
    const step = await loop.stepOf(batch.bucket)
    const made = makeWindows(windows, batch, model.windows, training.seed, epoch)
    const { loss, parts } = await step.run(made, state.step + 1)
    if (!Number.isFinite(loss)) throw diverged(epoch, progress.batch, training)
    applyGradients(state, step.gradients, training)
    for (const [name, value] of Object.entries({ loss, ...parts })) progress.sums[name] = (progress.sums[name] ?? 0) + value
    progress.batch++
    progress.step = state.step
    targets += made.reduce((sum, window) => sum + window.targets.length, 0)
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

async function closeEpoch(loop: Loop, progress: Progress, batches: number, speed: { seconds: number; targetsPerSecond: number }): Promise<void> {
  const { training, dataset, split, state, scorer, report, folder, fingerprint } = loop
  await scorer.refresh()
  const validation = split.validation.length > 0 ? await ndcgOf(scorer, dataset, split, { part: 'validation', seed: training.seed }) : 0
  const { loss = 0, ...parts } = Object.fromEntries(Object.entries(progress.sums).map(([name, sum]) => [name, sum / batches]))
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
  report?.({ kind: 'epoch', epoch, loss, parts, validation, best, ...speed, secondsLeft })
}

function nothingToTrain({ manifest, folder }: Dataset, slug: string): UserError {
  const { events, users } = manifest.counts
  return new UserError({
    where: folder,
    problem: 'empty',
    value: `${events} events of ${users} users hold nothing that ${slug} can learn to predict`,
    expected: `users with "${manifest.target}" events after earlier ones`,
    hint: 'check the behaviors and filters of prepare',
  })
}

function diverged(epoch: number, batch: number, { learningRate }: TrainingConfig): UserError {
  return new UserError({
    where: `training epoch ${epoch}, batch ${batch + 1}`,
    problem: 'invalid',
    value: 'the loss is not a number',
    hint: `try a learning rate below ${learningRate}; the last checkpoint is unharmed`,
  })
}
