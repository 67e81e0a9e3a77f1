/** @file What every run of a trained model does alike, whatever its model predicts: it is built, trained and opened. */
import type { TrainingData } from '../batches/kind.ts'
import type { TrainingConfig } from '../learn/config.ts'
import { type Learned, learnedOf } from '../learn/learned.ts'
import { type TrainingResult, trainModel } from '../learn/loop.ts'
import { notLater, relaidTensors } from '../learn/relaid.ts'
import type { Validation } from '../learn/training-run.ts'
import type { ValidationParts } from '../learn/validation.ts'
import { catalogInputs } from '../models/contract/catalog.ts'
import type { ModelDefinition } from '../models/contract/model.ts'
import { modelOf } from '../models/registry.ts'
import { nodeRuntime, type RuntimeOptions } from '../runtime/node.ts'
import { builtModel, vocabularyOf } from './built-model.ts'
import type { Run } from './run-settings.ts'
import type { LearnRequest, OpenRequest } from './task.ts'

/** The model of a run, and what it runs on; what was trained on a GPU is read on the CPU. */
async function built(
  run: Run,
  data: TrainingData,
  {
    tell,
    ...options
  }: { readonly tell: ((bytes: number) => void) | undefined } & Pick<RuntimeOptions, 'spin' | 'provider'>,
): Promise<ValidationParts> {
  const { model: slug, training } = run
  const runtime = nodeRuntime({ threads: training?.threads ?? 2, ...options })
  const model = await builtModel(modelOf(slug) as ModelDefinition, run, data, runtime, tell)
  return { slug, model, dataset: data.dataset, vocabulary: vocabularyOf(data), runtime }
}

/** Trains a run. @param validationOf what the built model is validated by */
export async function learnTrained(
  { run, data, out, fingerprint, resume, start, watching }: LearnRequest,
  validationOf: (parts: ValidationParts) => Validation,
): Promise<TrainingResult> {
  const tell = (bytes: number): void => watching.report?.({ kind: 'memory', work: 'what is computed once', bytes })
  const parts = await built(run, data, { tell, spin: true, provider: run.training?.device ?? 'cpu' })
  const { slug, model, dataset, vocabulary, runtime } = parts
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

/**
 * The model of a run with what it learned.
 * @throws UserError as `learnedOf`, and `unsupported` for a model that cannot go on with a later dataset
 */
export async function openTrained(request: OpenRequest): Promise<ValidationParts & Learned> {
  const { folder, run, path, tensors, moved } = request
  if (moved && (modelOf(run.model) as ModelDefinition).offline)
    throw notLater(folder, run.model, 'what it makes before training is of the items that it was trained on')
  // Whoever answers requests shares its machine with those who ask.
  const parts = await built(run, request.data, { tell: request.memory?.tell, spin: false })
  const laid = moved ? relaidTensors(parts.model, tensors, moved) : tensors
  return { ...parts, ...learnedOf(parts.model, { path, tensors: laid }) }
}
