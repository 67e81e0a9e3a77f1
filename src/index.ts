/** @file The public surface of siftrec. */

// Models, and writing one.
export { impressions } from './batches/impressions.ts'
export { items } from './batches/items.ts'
export { joined } from './batches/joined.ts'
export type { BatchKind } from './batches/kind.ts'
export { pairs } from './batches/pairs.ts'
export { sequences } from './batches/sequences.ts'
// A run for browsers.
export { type ExportedFile, exportRun } from './browser/export-run.ts'
// Data: files in, a prepared dataset out.
export { growDataset, type NewItem } from './dataset/grow.ts'
export { loadDataset } from './dataset/load.ts'
export { type AskedQuestion, askedOf } from './dataset/questions.ts'
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
} from './dataset/schema.ts'
export { type SplitOptions, splitDataset } from './dataset/splits.ts'
// Errors a user can mend.
export { type ErrorParts, UserError } from './errors.ts'
// Evaluation.
export { type ClickReport, clickReport, compareClicks, type Predictions } from './evaluate/clicks.ts'
export { compareRanks, type EvaluateOptions, evaluate, type Report, reportOf } from './evaluate/evaluate.ts'
export type { Interval } from './evaluate/intervals.ts'
export { rankTargets, type TargetRanks } from './evaluate/rank.ts'
export { printClickReports, printReports } from './evaluate/report.ts'
// Vectors of pictures and titles.
export { type ClipOptions, clipFeatures } from './features/clip/clip-features.ts'
export { localFeatures } from './features/local.ts'
export { withTextVectors } from './features/new-items.ts'
export { type PrecomputedFile, precomputedFeatures } from './features/precomputed.ts'
export { sentenceFeatures } from './features/sentence.ts'
// Training.
export type { TrainingEvent } from './learn/training-run.ts'
export type { CatalogShape } from './models/contract/catalog.ts'
export { type BuiltModel, defineModel, type ModelDefinition, objective, type Stage } from './models/contract/model.ts'
export { optionsOf } from './models/contract/options.ts'
export type { Explanation, Scorer } from './models/contract/scorer.ts'
export { modelOf, modelSlugs } from './models/registry.ts'
// The engine: a graph of tensors (siftrec/tensor), compiled and run.
export { buildGraph, type Graph } from './onnx/graph.ts'
export { type PrepareOptions, prepareDataset } from './prepare/prepare.ts'
export { type ClickPrediction, type ClickPredictor, predictionsOf } from './rank/click-predictor.ts'
export { type ClickExplanation, explainClicks } from './rank/explain-clicks.ts'
export { type Recommendation, type Recommendations, recommend, recommendFrom } from './rank/recommend.ts'
export { recommendAll, type UserList } from './rank/recommend-all.ts'
export { type NextItemScorer, nextItemScorer } from './rank/scorer.ts'
export { type SimilarItem, similar } from './rank/similar.ts'
export { type OpenLater, type OpenRun, openRun } from './runs/open-run.ts'
export { type RunResult, type RunSettings, resumeRun, trainRun } from './runs/train-run.ts'
export { compile, nodeRuntime } from './runtime/node.ts'
export type { Program, Runtime } from './runtime/runtime.ts'
// Runs at work for many callers, and where their events are kept.
export { openService, type ServiceOptions } from './serve/open-service.ts'
export type {
  About,
  AnsweredItem,
  Exclusion,
  GivenEvent,
  HistoryEvent,
  ItemAnswer,
  ItemFilter,
  Recommended,
  RecommendRequest,
  RunAbout,
  RunFolders,
  Service,
} from './serve/service.ts'
// The simulated shop, with the truth that was planted.
export { accidentalOf, readTruth, simulateShop } from './simulate/shop.ts'
export {
  type Appended,
  type EventStore,
  type FreshEvent,
  type FreshHistory,
  type ItemRecord,
  StoreUnavailable,
} from './store/event-store.ts'
export { openStore } from './store/open-store.ts'
