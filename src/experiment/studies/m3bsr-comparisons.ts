/**
 * @file What the comparisons of M³BSR have in common: two protocols, what is measured, and the models that only count.
 */
import type { Comparison, Variant } from '../experiment.ts'

/** How a dataset is split. */
export type SplitProtocol = 'leave-one-out' | 'time'
/** Titles of comparisons by one protocol each. */
export const titles: Readonly<Record<SplitProtocol, string>> = {
  'leave-one-out': 'Leave-one-out',
  time: 'Global time split',
}
/** What is measured of every model. */
export const metrics: Comparison['metrics'] = ['ndcg@10', 'hr@10', 'ndcg@20', 'hr@20']
/** The models that have nothing to learn. */
export const countingModels: readonly Variant[] = [
  { name: 'popularity', model: 'popularity' },
  { name: 'item-kNN', model: 'item-knn' },
]
