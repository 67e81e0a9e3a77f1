/** @file The public surface of siftrec. */

// Data: files in, a prepared dataset out.
export { loadDataset } from './data/load.ts'
export { type PrepareOptions, prepareDataset } from './data/prepare.ts'
export type {
  Catalog,
  Dataset,
  Events,
  FeatureMaker,
  FeatureTable,
  History,
  ItemIndex,
  Manifest,
  Modality,
  Split,
  UserIndex,
} from './data/schema.ts'
export { type SplitOptions, splitDataset } from './data/splits.ts'
// Errors a user can mend.
export { type ErrorParts, UserError } from './errors.ts'
// Evaluation.
export { type ClickReport, clickReport, compareClicks, type Predictions, printClickReports } from './evaluate/clicks.ts'
export { compareRanks, type EvaluateOptions, evaluate, type Report, reportOf } from './evaluate/evaluate.ts'
export type { Interval } from './evaluate/intervals.ts'
export { rankTargets, type TargetRanks } from './evaluate/rank.ts'
export { printReports } from './evaluate/report.ts'
// Vectors of pictures and titles.
export { localFeatures } from './features/local.ts'
export { type PrecomputedFile, precomputedFeatures } from './features/precomputed.ts'
// Models, and writing one.
export { type ClickDefinition, type ClickModel, defineClickModel } from './models/click-model.ts'
export { type CatalogShape, defineModel, type NextItemDefinition, type NextItemModel } from './models/model.ts'
export { optionsOf } from './models/options.ts'
export { modelOf, modelSlugs } from './models/registry.ts'
export type { Explanation, Scorer } from './models/scorer.ts'
// The engine: a graph of tensors (siftrec/tensor), compiled and run.
export { buildGraph, type Graph } from './onnx/graph.ts'
export { type ClickPrediction, type ClickPredictor, predictionsOf } from './ranking/click-predictor.ts'
export { type ClickExplanation, explainClicks } from './ranking/explain-clicks.ts'
export { type Recommendation, type Recommendations, recommend } from './ranking/recommend.ts'
export { type NextItemScorer, nextItemScorer } from './ranking/scorer.ts'
export { compile, type Program } from './runtime/session.ts'
// The simulated shop, with the truth that was planted.
export { accidentalOf, readTruth, simulateShop } from './simulate/shop.ts'
// Training.
export type { TrainingEvent } from './train/loop.ts'
export { type OpenClickRun, type OpenRun, openClickRun, openRun } from './train/open-run.ts'
export { type RunResult, type RunSettings, resumeRun, trainRun } from './train/run.ts'
