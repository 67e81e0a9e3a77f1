/** @file Builds the model of a run for its dataset, or for a later one. */
import type { TrainingData } from '../batches/kind.ts'
import { rankingVocabulary } from '../dataset/click-vocabulary.ts'
import { catalogShape, type Vocabulary } from '../models/contract/catalog.ts'
import type { BuiltModel, ModelDefinition, Offline } from '../models/contract/model.ts'
import { optionsOfRun, type Run } from './run-settings.ts'

/** The model of a run. @param made what it was given offline */
export const builtModel = (definition: ModelDefinition, run: Run, data: TrainingData, made: Offline): BuiltModel =>
  definition.build(optionsOfRun(run), catalogShape(data.dataset, vocabularyOf(data)), made)

/** What training says of ids and numbers. */
export const vocabularyOf = (data: TrainingData): Vocabulary | undefined =>
  data.samples ? data.samples.vocabulary : (data.vocabulary ?? rankingVocabulary(data.dataset, data.split))
