/**
 * @file What the comparisons of M³BSR have in common: two protocols, what is measured, and the models that only count.
 */
import type { Comparison, Variant } from '../experiment.ts'
import { sasrecSettings } from './model-settings.ts'

/** How a dataset is split. */
export type SplitProtocol = 'leave-one-out' | 'time'
/** Titles of comparisons by one protocol each. */
export const titles: Readonly<Record<SplitProtocol, string>> = {
  'leave-one-out': 'Leave-one-out',
  time: 'Global time split',
}
/** What is measured of every model. */
export const metrics: Comparison['metrics'] = ['ndcg@10', 'hr@10', 'ndcg@20', 'hr@20']
/** SASRec, and SASRec that reads all that M³BSR reads, by the same options. */
export const sasrecs = (set: keyof typeof sasrecSettings): readonly Variant[] => [
  { name: 'SASRec', model: 'sasrec', ...sasrecSettings[set] },
  { name: 'SASRec + behavior + features', model: 'sasrec-bf', ...sasrecSettings[set] },
]
/** The models that have nothing to learn. */
export const countingModels: readonly Variant[] = [
  { name: 'popularity', model: 'popularity' },
  { name: 'item-kNN', model: 'item-knn' },
]
