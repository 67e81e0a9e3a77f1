/** @file The description of a dataset that is served, taken once. */
import type { Dataset } from '../dataset/schema.ts'
import { type Description, describeDataset } from './description.ts'

/**
 * Describes a dataset when it is first asked to, and keeps the description for as long as the dataset is the same. That
 * takes a second for some millions of events, in which nothing else is answered.
 */
export function describedOnce(dataset: () => Dataset): () => Description {
  let kept: { readonly hash: string; readonly description: Description } | undefined
  return () => {
    const current = dataset()
    if (kept?.hash !== current.hash) kept = { hash: current.hash, description: describeDataset(current) }
    return kept.description
  }
}
