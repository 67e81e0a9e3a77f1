/** @file Builds the model of a run for its dataset. */
import type { TrainingData } from '../batches/kind.ts'
import { rankingVocabulary } from '../dataset/click-vocabulary.ts'
import { catalogShape, type Vocabulary } from '../models/contract/catalog.ts'
import type { BuiltModel, ModelDefinition } from '../models/contract/model.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { offlineOf } from './offline-cache.ts'
import { optionsOfRun, type Run } from './run-settings.ts'

/** The model of a run. @param tell as of `offlineOf` @throws UserError as the model's `offline.make` */
export async function builtModel(
  definition: ModelDefinition,
  run: Run,
  data: TrainingData,
  runtime: Runtime,
  tell?: (bytes: number) => void,
): Promise<BuiltModel> {
  const offline = await offlineOf(definition, run, data, runtime, tell)
  return definition.build(optionsOfRun(run), catalogShape(data.dataset, vocabularyOf(data)), offline)
}

/** What training says of ids and numbers. */
export const vocabularyOf = (data: TrainingData): Vocabulary | undefined =>
  data.samples ? data.samples.vocabulary : (data.vocabulary ?? rankingVocabulary(data.dataset, data.split))
