/** @file Early stopping: which epoch was best, and whether training ends. */
import { type Better, isBetter } from '../metrics/table.ts'
import type { TrainingConfig } from './config.ts'

/** What validation says of a training so far. */
export interface Stopping {
  /** The first epoch with the best value, counted from 1; null before the first epoch has ended. */
  readonly best: { readonly epoch: number; readonly value: number } | null
  /** Whether the last epoch is the best one, so that its parameters are to be kept. */
  readonly isBest: boolean
  /** Whether no further epoch is trained. */
  readonly finished: boolean
}

/**
 * Judges a training by a value of each epoch. An epoch is the best when its value is better than all before it; a first
 * value always is. Training ends after `epochs` epochs, or when `patience` epochs have passed since the best one.
 * @param history the validation value of each finished epoch, or its training loss where there is nothing to validate
 * by
 * @param better which values are better
 */
export function stopping(
  history: readonly number[],
  { epochs, patience }: Pick<TrainingConfig, 'epochs' | 'patience'>,
  better: Better,
): Stopping {
  let best: Stopping['best'] = null
  for (const [at, value] of history.entries())
    if (best === null || isBetter(better, value, best.value)) best = { epoch: at + 1, value }
  const epoch = history.length
  const sinceBest = epoch - (best?.epoch ?? 0)
  return { best, isBest: best !== null && sinceBest === 0, finished: epoch >= epochs || sinceBest >= patience }
}
