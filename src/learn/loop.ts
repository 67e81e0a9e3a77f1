/**
 * @file The training loop: stages of epochs, validation, early stopping, a checkpoint after each epoch, and a way to
 * stop and resume.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import type { BuiltModel, Objective, Stage } from '../models/contract/model.ts'
import type { Ranks } from '../mpi/ranks.ts'
import { sizeOf } from '../tensor/node.ts'
import {
  atStart,
  type Destination,
  impossible,
  loadCheckpoint,
  loadModel,
  type Progress,
  saveCheckpoint,
  saveModel,
  type TrainingState,
} from './checkpoint.ts'
import type { TrainingConfig } from './config.ts'
import { exchanged, type SharedStep } from './exchange.ts'
import { estimateMemory, heldBytes } from './memory.ts'
import { stagesOf } from './objectives.ts'
import { applyGradients, beginWith, initialParameters } from './parameters.ts'
import { heldRowsOf } from './shared-items.ts'
import { type OpenStage, openStage, type Turn } from './stages.ts'
import { hasCatalogLoss, parametersOf } from './step.ts'
import { type Stopping, stopping } from './stopping.ts'
import type { TrainingRun, Validator } from './training-run.ts'

/** How a run ended. */
export interface TrainingResult {
  readonly status: 'finished' | 'interrupted'
  readonly epochs: number
  readonly best: Progress['best']
  readonly history: Progress['history']
  /** The validation value of a constant, where the metric has one. */
  readonly constant?: number
  /** Parts of the loss that the model has a price of doing nothing for. */
  readonly idle?: BuiltModel['idle']
}

/** File names in a run's folder. */
export const runFiles = {
  run: 'run.json',
  checkpoint: 'checkpoint.safetensors',
  model: 'model.safetensors',
  epochs: 'epochs.json',
  known: 'known.json',
  offline: 'offline.safetensors',
  calibration: 'calibration.json',
} as const

/** How fast an epoch was. */
interface Speed {
  readonly seconds: number
  readonly targetsPerSecond: number
}

/** Everything a run holds between steps. */
interface Loop extends TrainingRun {
  readonly stages: readonly Stage[]
  readonly state: TrainingState
  readonly validator: Validator
  readonly progress: Progress
}

/**
 * Trains stage after stage, each until validation stops getting better or for its number of epochs, and leaves the best
 * parameters of the last one in `model.safetensors`. Without validation targets the lowest training loss is the best.
 * Two runs with one seed and one thread count write the same bytes, interrupted or not.
 * @throws UserError as {@link loadCheckpoint}, when the loss is no longer a number, and for options of losses that do
 * not fit the model
 */
export async function trainModel(run: TrainingRun): Promise<TrainingResult> {
  const { model, training, validation, folder, fingerprint, report, start = new Map<string, Float32Array>() } = run
  const stages = stagesOf(model)
  refuseMemory(run, stages)
  checkLoss(run, stages)
  const held = heldRowsOf(run, stages)
  const parameters = initialParameters(
    parametersOf(stages.flatMap(({ objectives }) => objectives)),
    training.seed,
    held,
  )
  beginWith(parameters, start)
  const memory = Object.fromEntries(
    Object.entries(model.memory ?? {}).map(([name, { shape, data: first }]) => [name, { shape, data: first.slice() }]),
  )
  const state: TrainingState = { parameters, memory }
  const checkpoint = join(folder, runFiles.checkpoint)
  const open = (index: number): OpenStage => {
    const stage = stages[index]
    if (!stage) throw impossible(checkpoint, `stage ${index + 1} of ${stages.length}`)
    return openStage(stage, run, state)
  }
  let stage: OpenStage | undefined
  const progress =
    run.resume && existsSync(checkpoint)
      ? await loadCheckpoint(checkpoint, state, {
          run: fingerprint,
          openStage: (index) => (stage = open(index)),
          ranks: run.ranks,
        })
      : structuredClone(atStart)
  stage ??= open(progress.stage)
  // A run may be given more epochs after it ended.
  if (progress.finished && stage.validates)
    progress.finished = judged(progress, run).finished || stage.isOver(state.memory)
  report?.({
    kind: 'start',
    size: stage.size,
    metric: validation.metric,
    measures: validation.measures,
    parameters: [...parameters.buffers.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    batches: stage.turns(0).length,
    memory: estimateMemory({
      held: heldBytes(),
      state: parameters,
      stages: [stage.graphs],
      validation: await validation.bytes(parameters, memory),
    }),
    resumed: progress,
  })
  await using validator = await validation.open(parameters, memory)
  const loop: Loop = { ...run, stages, state, validator, progress }
  let status: TrainingResult['status'] = 'finished'
  while (!progress.finished && status === 'finished') {
    status = await trainEpoch(loop, stage)
    if (status === 'finished' && progress.stageEpoch === 0 && !progress.finished) {
      await stage[Symbol.asyncDispose]()
      stage = open(progress.stage)
    }
  }
  await stage[Symbol.asyncDispose]()
  const { constant } = validation
  const { epoch, best, history } = progress
  return {
    status,
    epochs: epoch,
    best,
    history,
    ...(constant !== undefined && { constant }),
    ...(model.idle && { idle: model.idle }),
  }
}

/** @throws UserError where a model has no softmax over its item table that another loss could stand for */
function checkLoss({ slug, training: { catalogLoss: loss } }: TrainingRun, stages: readonly Stage[]): void {
  if (!loss || loss === 'full' || stages.some(({ objectives }) => objectives.some(hasCatalogLoss))) return
  throw new UserError({
    where: 'training.catalogLoss',
    problem: 'unsupported',
    value: `"${loss}" for ${slug}, which is not trained by a softmax over an item table`,
    hint: 'leave out --catalog-loss, or train another model, such as sasrec',
  })
}

async function trainEpoch(loop: Loop, stage: OpenStage): Promise<TrainingResult['status']> {
  const { training, state, signal, report, folder, progress, ranks } = loop
  const epoch = progress.epoch + 1
  // What fills the memory ran already if some batches of the epoch are done: the checkpoint holds what it wrote.
  if (progress.batch === 0) await stage.begin(epoch, progress.stageEpoch === 0)
  const turns = stage.turns(epoch)
  if (progress.batch > turns.length)
    throw impossible(join(folder, runFiles.checkpoint), `batch ${progress.batch} of ${turns.length}`)
  const started = performance.now()
  let targets = 0
  const begun = new Set(turns.slice(0, progress.batch).map(({ objective }) => objective))
  const takeStep = stepper(loop, stage, epoch)
  const groups = groupsOf(turns.slice(progress.batch), ranks?.size ?? 1)
  for (const [at, group] of groups.entries()) {
    const [{ objective }] = group
    if (!begun.has(objective)) await stage.beginPass(objective, epoch)
    begun.add(objective)
    const { loss, parts, gradients, targets: count, stop, save } = await takeStep(group, groups[at + 1])
    if (!Number.isFinite(loss)) throw diverged(epoch, progress.batch, training)
    applyGradients(state.parameters, gradients, stage.optimizerOf(objective), training.learningRate, epoch)
    addUp(progress.sums, { loss, ...parts }, group.length, stage.severalObjectives ? objective : undefined)
    progress.batch += group.length
    progress.step = state.parameters.step
    targets += count
    const targetsPerSecond = (1e3 * targets) / (performance.now() - started)
    report?.({ kind: 'batch', epoch, batch: progress.batch, batches: turns.length, loss, targetsPerSecond })
    // Alone, whoever was told of the step may still stop it here; ranks agreed on it before.
    if (ranks ? stop : signal?.aborted) {
      await checkpointed(loop)
      await ranks?.together()
      return 'interrupted'
    }
    // The end of an epoch saves by itself. Other ranks go on to the next exchange, and wait there.
    if (at + 1 < groups.length && save) await checkpointed(loop)
  }
  const seconds = (performance.now() - started) / 1e3
  await closeEpoch(loop, stage, turns, { seconds, targetsPerSecond: targets / seconds })
  return 'finished'
}

/** Of several ranks the first alone writes; the others give it the rows that it does not hold. */
const writes = ({ ranks }: Pick<TrainingRun, 'ranks'>): boolean => ranks === undefined || ranks.rank === 0
const fileOf = (loop: Loop, name: keyof typeof runFiles): Destination =>
  writes(loop) ? join(loop.folder, runFiles[name]) : undefined

const checkpointed = (loop: Loop): Promise<void> =>
  saveCheckpoint(fileOf(loop, 'checkpoint'), loop.state, loop.progress, loop.fingerprint)

/** Says of each step whether a checkpoint is due after it; of several ranks the first one's clock counts. */
function checkpointClock({ checkpointMinutes: minutes, ranks }: Loop): () => boolean {
  let saved = performance.now()
  return () => {
    if (minutes === undefined || !writes({ ranks }) || performance.now() - saved < 60_000 * minutes) return false
    saved = performance.now()
    return true
  }
}

/** Turns that are one step: as many as there are ranks, of one objective each. */
type Group = readonly [Turn, ...Turn[]]

/** The steps of turns, in their order. */
function groupsOf(turns: readonly Turn[], most: number): readonly Group[] {
  const groups: [Turn, ...Turn[]][] = []
  for (const turn of turns) {
    const last = groups.at(-1)
    if (last && last.length < most && last[0].objective === turn.objective) last.push(turn)
    else groups.push([turn])
  }
  return groups
}

/** Takes the steps of an epoch. Of several ranks each takes one turn of a group, and they exchange what came of it. */
function stepper(loop: Loop, stage: OpenStage, epoch: number) {
  const { state, ranks, signal } = loop
  const isDue = checkpointClock(loop)
  /** The own turn of the next step, where its buffers are full already. */
  let ahead: { readonly turn: Turn; readonly targets: number } | undefined
  const alone = async ([turn]: Group): Promise<SharedStep> => {
    const step = await stage.stepOf(turn)
    const { observed, ...result } = await step.run(turn.batch, state.parameters.step + 1, epoch)
    turn.objective.observe?.(observed, state.memory)
    return { ...result, gradients: step.gradients, stop: false, save: isDue() }
  }
  const together = async (all: Ranks, group: Group, next: Group | undefined): Promise<SharedStep> => {
    const [turn, after] = [group[all.rank], next?.[all.rank]]
    const count = state.parameters.step + 1
    // Whoever has no batch left knows from the first one's step which gradients there are.
    const step = await stage.stepOf(turn ?? group[0])
    const targets = turn && (ahead?.turn === turn ? ahead.targets : step.fill(turn.batch, count, epoch))
    if (targets === undefined) await step.attend()
    const result = targets === undefined ? undefined : await step.compute(targets)
    const following =
      after?.objective === group[0].objective ? { turn: after, step: await stage.stepOf(after) } : undefined
    ahead = undefined
    return exchanged(
      state.parameters,
      {
        gradients: step.gradients,
        parts: step.parts,
        result,
        stop: signal?.aborted ?? false,
        save: isDue(),
        meanwhile() {
          if (following)
            ahead = { turn: following.turn, targets: following.step.fill(following.turn.batch, count + 1, epoch) }
        },
      },
      all,
    )
  }
  return (group: Group, next: Group | undefined): Promise<SharedStep> =>
    ranks ? together(ranks, group, next) : alone(group)
}

/**
 * Adds the losses of a step, which stands for so many turns, to the epoch's sums; those of one of several objectives by
 * its name too.
 */
function addUp(
  sums: Record<string, number>,
  losses: Readonly<Record<string, number>>,
  turns: number,
  objective?: Objective,
): void {
  for (const [name, value] of Object.entries(losses)) {
    const key = objective ? `${objective.name}.${name}` : name
    sums[key] = (sums[key] ?? 0) + turns * value
    if (objective && name === 'loss') sums[name] = (sums[name] ?? 0) + turns * value
  }
}

/** The means of an epoch's sums: each over the steps of its objective. */
function meansOf(sums: Readonly<Record<string, number>>, turns: readonly Turn[]): Record<string, number> {
  const stepsOf = (name: string): number =>
    turns.filter(({ objective }) => name.startsWith(`${objective.name}.`)).length || turns.length
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / stepsOf(name)]))
}

/** What the epochs of the open stage come to, by their validation or, without any, by their training loss. */
function judged({ history, stageEpoch }: Progress, { training, validation }: TrainingRun): Stopping {
  const records = stageEpoch > 0 ? history.slice(-stageEpoch) : []
  return validation.measures
    ? stopping(
        records.map(({ validation: value }) => value ?? 0),
        training,
        validation.better,
      )
    : stopping(
        records.map(({ loss }) => loss),
        training,
        'lower',
      )
}

async function closeEpoch(loop: Loop, stage: OpenStage, turns: readonly Turn[], speed: Speed): Promise<void> {
  const { training, validator, validation, state, report, folder, fingerprint, progress, stages, ranks } = loop
  const model = join(folder, runFiles.model)
  const epoch = progress.epoch + 1
  await stage.end(epoch)
  const by = stage.validates ? (validation.measures ? 'validation' : 'loss') : null
  const counted = (done: number, all: number): void => report?.({ kind: 'counted', work: 'validation', done, all })
  const value = by === 'validation' ? await validator.validate(counted) : null
  const { loss = 0, ...parts } = meansOf(progress.sums, turns)
  const named = stages.length > 1 ? { stage: stage.name } : {}
  const many = ranks && ranks.size > 1 ? { ranks: ranks.size } : {}
  progress.history.push({ epoch, ...named, loss, parts, ...many, validation: value })
  const stageEpoch = progress.stageEpoch + 1
  Object.assign(progress, { epoch, stageEpoch, batch: 0, sums: {} })
  const { best, isBest, finished } = stage.validates
    ? judged(progress, loop)
    : { best: null, isBest: true, finished: stageEpoch >= stage.epochs }
  progress.best = best && {
    epoch: best.epoch + epoch - stageEpoch,
    validation: by === 'validation' ? best.value : null,
  }
  // The best model first: a kill between the two writes repeats this epoch and writes the same bytes again.
  if (isBest) await saveModel(fileOf(loop, 'model'), state, fingerprint)
  await ranks?.together()
  const over = finished || stage.isOver(state.memory)
  if (over && progress.stage + 1 < stages.length) {
    if (stage.validates) await loadModel(model, state, ranks)
    state.parameters.optimizers.clear()
    Object.assign(progress, { stage: progress.stage + 1, stageEpoch: 0, best: null })
  } else progress.finished = over
  await checkpointed(loop)
  const secondsLeft = speed.seconds * Math.max(0, (stage.validates ? training.epochs : stage.epochs) - stageEpoch)
  report?.({
    kind: 'epoch',
    epoch,
    ...named,
    loss,
    parts,
    metric: validation.metric,
    validation: value,
    by,
    best: isBest,
    ...speed,
    secondsLeft,
  })
}

/** @throws UserError `unsupported` for several ranks and a model that learns from what its own batches showed */
function refuseMemory({ slug, ranks }: TrainingRun, stages: readonly Stage[]): void {
  const observes = stages.some(({ objectives }) => objectives.some((objective) => objective.observe !== undefined))
  if (!ranks || ranks.size === 1 || !observes) return
  throw new UserError({
    where: 'mpirun',
    problem: 'unsupported',
    value: `${slug} remembers what each of its batches showed, which ranks would not know of each other`,
    hint: 'train it without mpirun',
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
