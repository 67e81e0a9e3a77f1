/** @file What a dataset is and allows, told before anything is trained. */
import type { Dataset } from '../dataset/schema.ts'
import { type Facts, factsOf } from './facts.ts'
import { findingsOf } from './findings.ts'

/** Facts, and what follows from them in sentences, the gravest first. */
export interface Description extends Facts {
  readonly findings: readonly string[]
}

/** Describes a dataset. */
export function describeDataset(dataset: Dataset): Description {
  const facts = factsOf(dataset)
  return { ...facts, findings: findingsOf(facts) }
}
