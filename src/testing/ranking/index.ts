/** @file The suite of models that rank the next item, and what their own tests build on. */
export { blindToAll, buildOn, lastTwo, type RankingCandidate, type RankingCheck } from './candidate.ts'
export { conformance } from './suite.ts'
