/** @file The metrics, as `siftrec/metrics` offers them: pure functions of ranks and scores. */
export { auc } from './auc.ts'
export { expectedRank } from './expected-rank.ts'
export { hitRate } from './hit-rate.ts'
export { mrr } from './mrr.ts'
export { ndcg } from './ndcg.ts'
