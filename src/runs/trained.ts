/** @file What every run of a trained model does alike, whatever its model predicts: it is built, trained and opened. */
import type { TrainingData } from '../batches/kind.ts'
import type { TrainingConfig } from '../learn/config.ts'
import { type Learned, learnedOf } from '../learn/learned.ts'
import { type TrainingResult, trainModel } from '../learn/loop.ts'
import { relaidTensors, startOfNewItems } from '../learn/relaid.ts'
import type { Validation } from '../learn/training-run.ts'
import type { ValidationParts } from '../learn/validation.ts'
import { catalogInputs } from '../models/contract/catalog.ts'
import type { LaterOffline, ModelDefinition } from '../models/contract/model.ts'
import type { Moved } from '../models/contract/places.ts'
import { modelOf } from '../models/registry.ts'
import { nodeRuntime, type RuntimeOptions } from '../runtime/node.ts'
import { builtModel, vocabularyOf } from './built-model.ts'
import { keepOffline, laterOfflineOf, offlineOf } from './offline-cache.ts'
import type { Run } from './run-settings.ts'
import type { LearnRequest, OpenRequest } from './task.ts'

interface BuildOptions extends Pick<RuntimeOptions, 'spin' | 'provider'> {
  readonly tell: ((bytes: number) => void) | undefined
  /** On a later dataset. */
  readonly later?: { readonly folder: string; readonly moved: Moved } | undefined
}

/** The model of a run, what it was given offline, and what it runs on; what was trained on a GPU is read on the CPU. */
async function built(
  run: Run,
  data: TrainingData,
  { tell, later, ...options }: BuildOptions,
): Promise<ValidationParts & { readonly offline: LaterOffline }> {
  const { model: slug, training } = run
  const definition = modelOf(slug) as ModelDefinition
  const runtime = nodeRuntime({ threads: training?.threads ?? 2, ...options })
  const { dataset } = data
  const offline = later
    ? await laterOfflineOf(later.folder, definition, run, { dataset, moved: later.moved, runtime })
    : { made: await offlineOf(definition, run, data, runtime, tell) }
  const model = builtModel(definition, run, data, offline.made)
  return { slug, model, dataset, vocabulary: vocabularyOf(data), runtime, offline }
}

/** Trains a run. @param validationOf what the built model is validated by */
export async function learnTrained(
  { run, data, out, fingerprint, resume, start, watching }: LearnRequest,
  validationOf: (parts: ValidationParts) => Validation,
): Promise<TrainingResult> {
  const tell = (bytes: number): void => watching.report?.({ kind: 'memory', work: 'what is computed once', bytes })
  const parts = await built(run, data, { tell, spin: true, provider: run.training?.device ?? 'cpu' })
  const { slug, model, dataset, vocabulary, runtime, offline } = parts
  if ((watching.ranks?.rank ?? 0) === 0)
    await keepOffline(out, modelOf(slug) as ModelDefinition, run, { dataset, ...offline })
  return trainModel({
    slug,
    model,
    data,
    frozen: catalogInputs(dataset, { vocabulary, own: model.frozen ?? {} }),
    validation: validationOf(parts),
    training: run.training as TrainingConfig,
    runtime,
    folder: out,
    fingerprint,
    ...(resume && { resume }),
    ...(start && { start }),
    ...watching,
  })
}

/** A model with what it learned. */
export interface OpenTrained extends ValidationParts, Learned {
  /** How items start that it never saw, in words. */
  readonly newItems: () => string
}

/**
 * The model of a run with what it learned.
 * @throws UserError as `learnedOf` and `laterOfflineOf`
 */
export async function openTrained({
  folder,
  run,
  data,
  path,
  tensors,
  moved,
  memory,
}: OpenRequest): Promise<OpenTrained> {
  // Whoever answers requests shares its machine with those who ask.
  const later = moved && { folder, moved }
  const { offline, ...parts } = await built(run, data, { tell: memory?.tell, spin: false, later })
  const laid = moved ? relaidTensors(parts.model, tensors, moved, offline.kin) : tensors
  const newItems = (): string => offline.newItems ?? startOfNewItems(parts.model, data)
  return { ...parts, ...learnedOf(parts.model, { path, tensors: laid }), newItems }
}
