/**
 * @file The conformance suites, as `siftrec/testing` offers them to whoever writes a model: call one in a file that
 * vitest runs.
 * `conformance({ definition, options })` is for models that rank the next item, `clickConformance` for models of
 * clicks,
 * `countingConformance` for models that are fitted by counting.
 */
export { bareCatalog } from './bare-catalog.ts'
export { type ClickCheck, type ClickConformance, clickConformance, readsNoModality } from './clicks/index.ts'
export { type CountingCandidate, countingConformance } from './counting.ts'
export { blindToAll, conformance, type RankingCandidate, type RankingCheck } from './ranking/index.ts'
export { ringDataset } from './ring.ts'
export { type TinyEvent, type TinySettings, tinyDataset } from './tiny-dataset.ts'
