/** @file The windows of models that are blind to behaviors and predict the next item from every position. */
import type { SequenceSettings } from '../../batches/sequences.ts'
import type { CatalogShape } from '../contract/catalog.ts'

/** How windows of items are cut. */
export interface ItemSequenceOptions {
  readonly maxLength: number
  readonly stride: number
  readonly auxiliaryTargets: number
  /** How many of a user's last events are trained on; 0 or absent for all. */
  readonly recentEvents?: number
}

/** Weights of targets by their behavior: 1 for the target behavior. */
export function targetWeights({ behaviors, target }: CatalogShape, auxiliaryTargets: number): readonly number[] {
  return behaviors.map((_, behavior) => (behavior === target ? 1 : auxiliaryTargets))
}

/** Windows of a user's items; events of one item at one time count once. */
export function itemWindows(
  { maxLength, stride, auxiliaryTargets, recentEvents = 0 }: ItemSequenceOptions,
  catalog: CatalogShape,
): SequenceSettings {
  return {
    maxLength,
    stride: Math.min(stride, maxLength),
    targetWeights: targetWeights(catalog, auxiliaryTargets),
    mergeBehaviors: true,
    onePerPosition: true,
    userCount: catalog.userCount,
    ...(recentEvents > 0 && { recent: recentEvents }),
  }
}

/** The same with a window of its own for each target. */
export const ownWindows = (options: Omit<ItemSequenceOptions, 'stride'>, catalog: CatalogShape): SequenceSettings => ({
  ...itemWindows({ ...options, stride: options.maxLength }, catalog),
  onePerWindow: true,
})
